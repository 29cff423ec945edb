// Counts the DNS look-ups that a receiver needs for an SPF record (RFC 7208 4.6.4): at most ten terms that ask the DNS, and two look-ups
// without an answer. Above that every result is permerror.

import type { Resolver } from '../dns/resolver.ts'
import { canonicalName } from '../dns/name.ts'

export const MAX_LOOKUPS = 10
export const MAX_VOID = 2
/** Counting stops there: the record is wrong anyway, and a loop would not end. */
const STOP_AT = 30

export interface SpfCount {
  readonly lookups: number
  readonly voids: number
  /** Records that could not be read, each with the cause. */
  readonly problems: readonly string[]
}

/** The terms of a record that cost a look-up. `all`, ip4, ip6 and exp cost none. */
export function termsWithLookup(record: string): readonly string[] {
  return record
    .split(/\s+/)
    .slice(1)
    .filter((term) => /^[-+~?]?(?:include:|exists:|redirect=|(?:a|mx|ptr)(?:[:/]|$))/i.test(term))
}

/** @param domain of the record, for `a` and `mx` without a name */
export async function countSpf(record: string, domain: string, resolver: Resolver): Promise<SpfCount> {
  const count = { lookups: 0, voids: 0, problems: [] as string[] }
  await countRecord(record, domain, { resolver, count })
  return count
}

interface Counting {
  readonly resolver: Resolver
  readonly count: { lookups: number; voids: number; readonly problems: string[] }
}

async function countRecord(record: string, domain: string, counting: Counting): Promise<void> {
  for (const term of termsWithLookup(record)) {
    if (counting.count.lookups >= STOP_AT) return
    counting.count.lookups++
    await countTerm(term.replace(/^[-+~?]/, ''), domain, counting)
  }
}

async function countTerm(term: string, domain: string, counting: Counting): Promise<void> {
  const [, mechanism = '', named] = /^(\w+)(?:[:=]([^/]*))?/.exec(term) ?? []
  const target = canonicalName(named === undefined || named === '' ? domain : named)
  // Macros depend on the message; the look-up itself is counted.
  if (target === null || target.includes('%')) return
  const kind = mechanism.toLowerCase()
  if (kind === 'include' || kind === 'redirect') return countIncluded(target, counting)
  if (kind === 'a' || kind === 'mx' || kind === 'exists') {
    const answer = await counting.resolver.resolve(target, kind === 'mx' ? 'MX' : 'A')
    const other = kind === 'a' && answer.kind === 'absent' ? await counting.resolver.resolve(target, 'AAAA') : answer
    if (other.kind === 'absent') counting.count.voids++
  }
}

async function countIncluded(target: string, counting: Counting): Promise<void> {
  const { count, resolver } = counting
  const answer = await resolver.resolve(target, 'TXT')
  if (answer.kind === 'unavailable') count.problems.push(`${target} cannot be looked up (${answer.cause})`)
  if (answer.kind === 'absent') count.voids++
  const texts = answer.kind === 'found' ? answer.records.map((chunks) => Buffer.concat([...chunks]).toString()) : []
  const records = texts.filter((text) => /^v=spf1(?: |$)/i.test(text))
  if (records.length === 1) return countRecord(records[0] as string, target, counting)
  // RFC 7208 5.2: a record that includes none, or two, has the result permerror.
  if (answer.kind !== 'unavailable') count.problems.push(`${target} has ${records.length || 'no'} SPF records`)
}
