// What `waypost check` finds about the addresses of reports: those of `reports` that are no addresses of ours, and those in the DNS records of
// our domains whose reports do not come to this node.

import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import { addressKey, parseAddress } from '../directory/address.ts'
import type { Resolver } from '../dns/resolver.ts'
import { readReportedRecord } from '../reports/sending/dmarc-record.ts'
import type { Router } from '../route/resolution.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { readReportUri, readRuaRecord } from '../tls-reports/rua-record.ts'

export interface ReportDomains {
  readonly router: Pick<Router, 'isOurs'>
  /** Our mail and alias domains. */
  readonly domains: readonly string[]
}

/** Domains that are asked: the check of a node with thousands of domains must end. */
const MOST_ASKED = 100

/** Addresses of `reports` in no domain of ours: no report would arrive at them. */
export function foreignReportAddresses({ reports, at }: Config, { router }: ReportDomains): readonly Problem[] {
  return (reports?.addresses ?? [])
    .filter((address) => !router.isOurs(domainOf(address)))
    .map((address) => at(['reports'], `found ${address}, which is in no domain of ours: no mail for it arrives here`))
}

/** Addresses in `_dmarc` and `_smtp._tls` records whose reports this node does not get. Nothing for a node that reads no reports. */
export async function unreadReportAddresses(
  { reports, at }: Config,
  { router, domains }: ReportDomains,
  resolver: Resolver,
): Promise<readonly Problem[]> {
  if (reports === null) return []
  const read = new Set(reports.addresses.map(keyOf))
  const found = await Promise.all(
    domains
      .slice(0, MOST_ASKED)
      .flatMap((domain) => [
        dmarcAddresses(domain, resolver).then((all) =>
          all.map((address) => ({ kind: 'dmarc', domain, address }) as const),
        ),
        tlsAddresses(domain, resolver).then((all) => all.map((address) => ({ kind: 'tls', domain, address }) as const)),
      ]),
  )
  return found.flat().flatMap(({ kind, domain, address }) => {
    if (read.has(keyOf(address))) return []
    const record = kind === 'dmarc' ? `_dmarc.${domain}` : `_smtp._tls.${domain}`
    const what = `${record} names ${address}`
    const isOurs = router.isOurs(domainOf(address))
    const why = isOurs
      ? `which this node does not read: add it to reports.${kind}, or ignore this if another node does`
      : 'which is outside our domains, so this node does not see these reports'
    return [at(['reports'], `${what}, ${why}`)]
  })
}

async function dmarcAddresses(domain: string, resolver: Resolver): Promise<readonly string[]> {
  const records = await textsAt(`_dmarc.${domain}`, resolver)
  const read = records.flatMap((record) => readReportedRecord(Buffer.concat([...record]).toString('utf8')) ?? [])
  return (read.length === 1 ? (read[0]?.addresses ?? []) : []).map(({ address }) => address)
}

async function tlsAddresses(domain: string, resolver: Resolver): Promise<readonly string[]> {
  return readRuaRecord(await textsAt(`_smtp._tls.${domain}`, resolver)).flatMap((uri) => {
    const target = readReportUri(uri)
    return target?.kind === 'mailto' ? [target.address] : []
  })
}

/** As the routing compares addresses: local parts without case. */
function keyOf(address: string): string {
  const parsed = parseAddress(address)
  return parsed ? addressKey(parsed) : address
}

/** Empty without an answer: the check of the resolver reports that. */
async function textsAt(name: string, resolver: Resolver): Promise<readonly (readonly Buffer[])[]> {
  const answer = await resolver.resolve(name, 'TXT')
  return answer.kind === 'found' ? answer.records : []
}
