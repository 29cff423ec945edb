// Compares the records of one name, type and purpose with what a server says. Spelling, order and further tags do not count.

import type { Observed } from './observer.ts'
import type { PlannedSet } from './planned-record.ts'
import { purposes } from './purposes.ts'

export type SetState =
  | { readonly kind: 'published' }
  | { readonly kind: 'missing' }
  /** `found`: what is there, beside the right records or instead of them. */
  | { readonly kind: 'different'; readonly found: readonly string[] }
  | { readonly kind: 'unavailable'; readonly cause: string }

export function compareSet(set: PlannedSet, observed: Observed): SetState {
  if (observed.kind === 'unavailable') return observed
  if (observed.kind === 'absent') return { kind: 'missing' }
  const found = relevant(set, observed.data)
  if (found.length === 0) return { kind: 'missing' }
  return isPublished(set, found) ? { kind: 'published' } : { kind: 'different', found }
}

/** The records that a set is compared with: of TXT records those that begin alike. */
export function relevant(
  { type, purpose }: Pick<PlannedSet, 'type' | 'purpose'>,
  data: readonly string[],
): readonly string[] {
  const { mark } = purposes[purpose]
  if (type !== 'TXT' || mark === undefined) return data
  return data.filter((text) => text.startsWith('CNAME ') || hasMark(text, mark))
}

/** `v=spf1` counts only as a whole word (RFC 7208 4.5). */
function hasMark(text: string, mark: string): boolean {
  const start = text.trimStart().toLowerCase()
  return (
    start.startsWith(mark.toLowerCase()) &&
    !/^[a-z0-9]/i.test(start.slice(mark.length, mark === '' ? 0 : mark.length + 1))
  )
}

function isPublished(set: PlannedSet, found: readonly string[]): boolean {
  const plain = (data: string) => comparable(set, data)
  const wanted = new Set(set.data.map(plain))
  const present = new Set(found.map(plain))
  const hasAll = [...wanted].every((one) => present.has(one))
  // Others may be beside ours: issuers of CAA for a web server, further names of an address.
  if (purposes[set.purpose].shared || set.purpose === 'reverse') return hasAll
  // Two SPF, DMARC or STS records are as bad as none (RFC 7208 3.2, RFC 9989 4.10.1, RFC 8461 3.1).
  return hasAll && wanted.size === present.size && found.length === present.size
}

function comparable({ type, purpose }: PlannedSet, data: string): string {
  if (type !== 'TXT') return data.toLowerCase()
  if (purpose === 'spf' || purpose === 'helo-spf') return data.toLowerCase().split(/\s+/).toSorted().join(' ').trim()
  return tagList(data, purpose === 'dkim')
}

/** Tags in one order without white space. Of a DKIM key only the key and its type count (RFC 6376 3.6.1). */
function tagList(text: string, isKey: boolean): string {
  const tags = text.split(';').flatMap((tag) => {
    const equals = tag.indexOf('=')
    if (equals < 0) return []
    const name = tag.slice(0, equals).trim().toLowerCase()
    return [[name, tag.slice(equals + 1).replace(/\s+/g, '')] as const]
  })
  if (!isKey)
    return tags
      .map(([name, value]) => `${name}=${value}`)
      .toSorted()
      .join(';')
  const values = new Map(tags)
  return `k=${values.get('k') ?? 'rsa'};p=${values.get('p') ?? ''}`
}
