// Whether the SRS domain aligns with a domain of authors: SPF passes for every forwarded message with it, so that DMARC would pass for a
// forgery (RFC 9989 4.4.2).

import type { Fleet } from '../fleet/fleet-model.ts'
import type { DnsFinding } from './findings.ts'

export function srsAlignment({ srsDomain, domains }: Fleet): readonly DnsFinding[] {
  if (srsDomain === null) return []
  return domains
    .filter(({ name, kind }) => kind === 'mail' && (isWithin(name, srsDomain) || isWithin(srsDomain, name)))
    .map(({ name }) => ({
      id: `srs-aligned ${name}`,
      severity: 'warning',
      subject: srsDomain,
      problem: `the SRS domain shares its organization with ${name}`,
      breaks: 'mail with an author of ours that DMARC does not prove is forwarded without SRS, or refused',
      advice: 'Use an SRS domain outside your other domains',
    }))
}

function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`)
}
