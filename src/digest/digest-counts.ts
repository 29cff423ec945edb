// What happened in a period, counted from the events of the ledger. Every table has a capacity, so that strangers cannot fill the memory with
// names; what does not fit is counted as "other".

import type { Event } from '../observe/events.ts'

export interface ProviderFailures {
  readonly provider: string
  readonly failed: number
  readonly deferred: number
  /** The last refusal. */
  readonly reply: string
}

export interface DigestCounts {
  /** Accepted messages by origin class. */
  readonly received: Readonly<Record<string, number>>
  readonly delivered: number
  readonly deferred: number
  readonly failed: number
  readonly expired: number
  readonly rejected: number
  /** Providers with the most failures first. */
  readonly providers: readonly ProviderFailures[]
  /** Refusals by check or stage and status, the most frequent first. */
  readonly refusals: readonly { readonly what: string; readonly count: number; readonly example: string }[]
  /** Accounts near a limit, with the number of warnings. */
  readonly near: readonly { readonly account: string; readonly count: number }[]
  /** Accounts that were put on hold, with the reason. */
  readonly held: readonly { readonly account: string; readonly reason: string }[]
  readonly bans: number
  readonly complaints: number
}

/** Keys of one table. */
const MOST_KEYS = 5000
/** Rows of the result. */
const ROWS = 10
/** Characters of a reply. */
const REPLY = 160

export interface DigestCounter {
  record(event: Event): void
  result(): DigestCounts
}

/** @param providerOf the mail provider of an attempt, for people */
export function createDigestCounter(
  providerOf: (event: { readonly host: string | null; readonly recipient?: string }) => string,
): DigestCounter {
  const totals = { delivered: 0, deferred: 0, failed: 0, expired: 0, rejected: 0, bans: 0, complaints: 0 }
  const received = new Map<string, number>()
  const providers = new Map<string, { failed: number; deferred: number; reply: string }>()
  const refusals = new Map<string, { count: number; example: string }>()
  const near = new Map<string, number>()
  const held = new Map<string, string>()
  const countFailure = (event: Event & { readonly host: string | null; readonly reply: string }, isFinal: boolean) => {
    const key = fitting(providers, providerOf(event))
    const one = providers.get(key) ?? { failed: 0, deferred: 0, reply: '' }
    if (isFinal) one.failed++
    else one.deferred++
    one.reply = short(event.reply)
    providers.set(key, one)
  }
  const handlers: { readonly [K in Event['kind']]?: (event: Extract<Event, { readonly kind: K }>) => void } = {
    received: ({ origin }) => add(received, origin.split(/[: ]/)[0] ?? origin),
    delivered: () => totals.delivered++,
    deferred: (event) => {
      totals.deferred++
      countFailure(event, false)
    },
    failed: (event) => {
      totals.failed++
      countFailure(event, true)
    },
    expired: (event) => {
      totals.expired++
      countFailure(event, true)
    },
    rejected: ({ check, stage, reply }) => {
      totals.rejected++
      const key = fitting(
        refusals,
        `${check ?? `at ${stage.toUpperCase()}`} ${/^\d{3}(?: \d\.\d{1,3}\.\d{1,3})?/.exec(reply)?.[0] ?? ''}`.trim(),
      )
      const one = refusals.get(key) ?? { count: 0, example: '' }
      one.count++
      one.example = short(reply)
      refusals.set(key, one)
    },
    'limit-near': ({ account }) => add(near, account),
    'account-held': ({ account, by, reason }) =>
      void (held.size < MOST_KEYS && held.set(account, `by ${by}: ${short(reason)}`)),
    banned: () => totals.bans++,
    complained: () => totals.complaints++,
  }
  return {
    record: (event) => (handlers[event.kind] as ((event: Event) => void) | undefined)?.(event),
    result: () => ({
      received: Object.fromEntries(received),
      ...totals,
      ...tablesOf({ providers, refusals, near, held }),
    }),
  }
}

interface Tables {
  readonly providers: ReadonlyMap<string, Omit<ProviderFailures, 'provider'>>
  readonly refusals: ReadonlyMap<string, { readonly count: number; readonly example: string }>
  readonly near: ReadonlyMap<string, number>
  readonly held: ReadonlyMap<string, string>
}

/** The first rows of each table. */
function tablesOf({ providers, refusals, near, held }: Tables): Pick<DigestCounts, keyof Tables> {
  return {
    providers: [...providers]
      .map(([provider, one]) => ({ provider, ...one }))
      .toSorted((a, b) => b.failed - a.failed || b.deferred - a.deferred)
      .slice(0, ROWS),
    refusals: [...refusals]
      .map(([what, one]) => ({ what, ...one }))
      .toSorted((a, b) => b.count - a.count)
      .slice(0, ROWS),
    near: [...near]
      .map(([account, count]) => ({ account, count }))
      .toSorted((a, b) => b.count - a.count)
      .slice(0, ROWS),
    held: [...held].map(([account, reason]) => ({ account, reason })).slice(-ROWS),
  }
}

function add(map: Map<string, number>, key: string): void {
  const place = fitting(map, key)
  map.set(place, (map.get(place) ?? 0) + 1)
}

function fitting(map: ReadonlyMap<string, unknown>, key: string): string {
  return map.has(key) || map.size < MOST_KEYS ? key : 'other'
}

function short(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, REPLY)
}
