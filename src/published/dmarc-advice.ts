// The next step of each domain towards a DMARC policy that protects it (RFC 9989 7.4): none with reports, quarantine, then reject.

import type { DmarcPolicy, Fleet, FleetDomain } from '../fleet/fleet-model.ts'
import type { CheckedSet } from './check-sets.ts'
import type { DnsFinding } from './findings.ts'

const steps: Readonly<Record<DmarcPolicy, string | null>> = {
  none: 'When the reports of two weeks show that all of your mail passes, set policy: quarantine',
  quarantine: 'When the reports of two weeks show no mail of yours that fails, set policy: reject',
  reject: null,
}

/** @param sets what is published: a domain without SPF and DKIM cannot take the next step */
export function dmarcAdvice(fleet: Fleet, sets: readonly CheckedSet[]): readonly DnsFinding[] {
  const authors = fleet.domains.filter(({ kind, senders }) => kind === 'mail' && senders.length > 0)
  return authors.flatMap((domain) => adviceFor(domain, sets) ?? [])
}

function adviceFor({ name, records }: FleetDomain, sets: readonly CheckedSet[]): DnsFinding | null {
  const { policy, reports } = records.dmarc
  const common = { id: `dmarc-step ${name}`, severity: 'note', subject: name, breaks: null } as const
  const next = steps[policy]
  if (next === null) return null
  const problem = `DMARC has the policy ${policy}: forgeries of the domain are ${policy === 'none' ? 'accepted' : 'put into spam folders'}`
  if (reports.length === 0)
    return {
      ...common,
      problem,
      advice: 'Set dmarc.reports first: without reports it is not known which mail would fail',
    }
  const unsigned = !sets.some(
    ({ set, state }) => set.purpose === 'dkim' && set.name.endsWith(`._domainkey.${name}`) && state === 'published',
  )
  if (unsigned)
    return { ...common, problem, advice: 'Publish a DKIM key first: forwarded mail passes by its signature only' }
  const noSpf = !sets.some(({ set, state }) => set.purpose === 'spf' && set.name === name && state === 'published')
  return { ...common, problem, advice: noSpf ? 'Publish the SPF record first' : next }
}
