// Addresses for reports in another organization need its consent in the DNS (RFC 9990 section 4), else a stranger could let every mail host
// write to a victim.

import type { Resolver } from '../../dns/resolver.ts'
import { type ReportAddress, readAddresses, tagsOf } from './dmarc-record.ts'

export type Consent =
  | { readonly kind: 'yes'; readonly addresses: readonly ReportAddress[] }
  | { readonly kind: 'no' }
  /** The DNS does not answer: ask again later. */
  | { readonly kind: 'unavailable'; readonly cause: string }

/** Longest name (RFC 1035 2.3.4). */
const MOST_NAME = 253

/** The addresses that may be used in place of this one. */
export async function askConsent(
  address: ReportAddress,
  { policyDomain, organization }: { readonly policyDomain: string; readonly organization: string },
  resolver: Resolver,
): Promise<Consent> {
  const { domain } = address
  if (domain === organization || domain.endsWith(`.${organization}`)) return { kind: 'yes', addresses: [address] }
  const name = `${policyDomain}._report._dmarc.${domain}`
  if (name.length > MOST_NAME) return { kind: 'no' }
  const answer = await resolver.resolve(name, 'TXT')
  if (answer.kind === 'unavailable') return answer
  if (answer.kind === 'absent') return { kind: 'no' }
  const [tags] = answer.records.flatMap((record) => tagsOf(record.map((part) => part.toString('utf8')).join('')) ?? [])
  if (!tags) return { kind: 'no' }
  const replaced = readAddresses(tags.get('rua') ?? '')
  if (replaced.length === 0) return { kind: 'yes', addresses: [address] }
  // Another host would be a loop or an abuse: then neither gets a report.
  return replaced.every((one) => one.domain === domain) ? { kind: 'yes', addresses: replaced } : { kind: 'no' }
}
