// The MX hosts of a domain in the order to try (RFC 5321 5.1): preference, equal ones shuffled, the domain itself where it has no MX,
// none where it says so (RFC 7505). If we are listed, only hosts better than ourselves remain; if there are none, it is a loop.

import type { DnsAnswer, Resolver } from '../dns/resolver.ts'
import type { Random } from '../lib/random.ts'
import { shuffle } from './shuffle.ts'

export interface Exchanger {
  readonly host: string
  readonly authentic: boolean
}

export type Exchangers =
  | { readonly kind: 'exchangers'; readonly exchangers: readonly Exchanger[] }
  | { readonly kind: 'none'; readonly permanent: boolean; readonly status: string; readonly reply: string }

interface Mx {
  readonly preference: number
  readonly exchange: string
}

export async function findExchangers(
  domain: string,
  settings: { readonly ourNames: ReadonlySet<string> },
  ports: { readonly resolver: Resolver; readonly random: Random },
): Promise<Exchangers> {
  const answer = await ports.resolver.resolve(domain, 'MX')
  if (answer.kind !== 'found') return withoutMx(domain, answer)
  const { records, authentic } = answer
  if (records.every(isNullMx)) return none(true, '5.1.10', `Domain ${domain} takes no mail (null MX)`)
  const real = records.filter((mx) => !isNullMx(mx))
  const ours = real.filter((mx) => settings.ourNames.has(mx.exchange))
  const better = ours.length === 0 ? real : real.filter((mx) => mx.preference < Math.min(...ours.map(preferenceOf)))
  if (better.length === 0) return none(true, '5.4.6', `Mail for ${domain} loops back to this host`)
  const exchangers = inOrder(better, ports.random).map((mx) => ({ host: mx.exchange, authentic }))
  return { kind: 'exchangers', exchangers }
}

function withoutMx(domain: string, answer: Exclude<DnsAnswer<Mx>, { kind: 'found' }>): Exchangers {
  if (answer.kind === 'unavailable') return none(false, '4.4.3', `MX look-up of ${domain} failed: ${answer.cause}`)
  if (answer.nxdomain) return none(true, '5.1.2', `Domain ${domain} does not exist`)
  return { kind: 'exchangers', exchangers: [{ host: domain, authentic: answer.authentic }] }
}

/** RFC 7505 3: a single record with an empty exchange; the resolver writes names without the final dot. */
function isNullMx(mx: Mx): boolean {
  return mx.exchange === '' || mx.exchange === '.'
}

function inOrder(records: readonly Mx[], random: Random): Mx[] {
  return shuffle(records, random).sort((a, b) => a.preference - b.preference)
}

function preferenceOf(mx: Mx): number {
  return mx.preference
}

function none(permanent: boolean, status: string, reply: string): Exchangers {
  return { kind: 'none', permanent, status, reply }
}
