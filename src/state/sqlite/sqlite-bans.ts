// The bans in SQLite: a bounded table. Statements take microseconds and run in the thread of the state.

import type { Database } from 'better-sqlite3'
import { clientNetwork, networkAround, siteNetwork } from '../../lib/ip-address.ts'
import type { Ban, BanAddition, BanOrder, BanRules, BanSubject, KeptCount, OperatorBan } from '../ban-contract.ts'
import { BY_NODE } from '../ban-contract.ts'
import { operatorOf } from '../operator-name.ts'
import { type BanRow, type BanStatements, type KeptRow, prepareBanStatements } from './ban-rows.ts'

const DAY_MS = 86_400_000
/** A subject that is banned again within this time after its last ban is banned for longer. */
export const REMEMBERED_MS = 7 * DAY_MS
/** Old bans that a new one removes in a full table. */
const GIVEN_UP_AT_ONCE = 64
/** Old bans that each new one removes, so that the table shrinks again after an attack. */
const TIDIED_AT_ONCE = 2
/** Bans that one call of `purge` removes: a millisecond. */
const PURGED_AT_ONCE = 500
/** Doubling ends here: 2^20 times any duration is above every limit. */
const MOST_DOUBLINGS = 20

/** A ban that was made or ended, and is not reported. */
export interface BanNews {
  readonly ban: Ban
  /** Null if it was made. */
  readonly ended: { readonly by: string; readonly reason: string } | null
}

/** Throws the errors of SQLite. */
export interface SqliteBans {
  find(who: { readonly ip?: string; readonly accounts?: readonly string[] }, at: number): readonly Ban[]
  add(order: BanOrder, rules: BanRules): BanAddition
  /** Adds or replaces, whatever the table holds: operators make few bans. */
  order(ban: OperatorBan): Ban
  /** Ends a ban that stands, and forgets the counts of its subject. Null if none stands. */
  end(subject: BanSubject, by: { readonly at: number; readonly name: string; readonly reason: string }): Ban | null
  list(view: { readonly at: number; readonly all: boolean; readonly limit: number }): readonly Ban[]
  /** What is not reported yet, the oldest first. */
  news(limit: number): readonly BanNews[]
  /** Marks news as reported; a ban that was changed since stays unreported. */
  reported(news: readonly BanNews[]): void
  /** Whether another process has written since the last call. */
  hasChanged(): boolean
  saveCounts(counts: readonly KeptCount[], at: number): void
  /** Removes some bans that ended before, unix milliseconds, and are reported. */
  purge(before: number): void
  counts(): readonly KeptRow[]
  readonly size: number
}

export function sqliteBans(db: Database, { capacity }: { readonly capacity: number }): SqliteBans {
  const rows = prepareBanStatements(db)
  const whole = <T>(work: () => T): T => db.transaction(work).immediate()
  let version = -1
  const hasChanged = () => {
    const now = Number(db.pragma('data_version', { simple: true }))
    const changed = now !== version
    version = now
    return changed
  }
  return {
    find: (who, at) => {
      // Most of the time no ban stands, and each session asks twice: one statement in place of six.
      if (rows.anyStands.get(at) === undefined) return []
      return subjectsOf(rows, who).flatMap((subject) => {
        const row = rows.get.get(subject)
        return row !== undefined && row.until > at ? [banOf(row)] : []
      })
    },
    add: (order, rules) => whole(() => addByNode(rows, { order, rules, capacity })),
    order: (ban) => {
      const by = operatorOf(ban.by)
      const made: Ban = { ...ban, by, evidence: '', times: 1 }
      rows.put.run(prefixOf(ban), made)
      return made
    },
    end: (subject, by) =>
      whole(() => {
        const row = rows.end.get({ ...pick(subject), at: by.at, endedBy: by.name, endReason: by.reason })
        rows.dropCount.run(subject.value)
        return row ? banOf(row) : null
      }),
    list: ({ at, all, limit }) => (all ? rows.all.all(limit) : rows.standing.all(at, limit)).map(banOf),
    news: (limit) => {
      const found = rows.untold.all(limit)
      return found.map(({ endedBy, endReason, ...ban }) => ({
        ban,
        ended: endedBy === '' ? null : { by: endedBy, reason: endReason },
      }))
    },
    reported: (news) =>
      whole(() => {
        for (const { ban, ended } of news) rows.tell.run({ ...ban, endedBy: ended?.by ?? '' })
      }),
    hasChanged,
    saveCounts: (counts, at) =>
      whole(() => {
        rows.clearCounts.run()
        for (const count of counts) rows.putCount.run({ ...count, at })
      }),
    counts: () => rows.counts.all(),
    purge: (before) => void rows.forget.run({ before, limit: PURGED_AT_ONCE }),
    get size() {
      return rows.size.get() ?? 0
    },
  }
}

function addByNode(
  rows: BanStatements,
  { order, rules, capacity }: { readonly order: BanOrder; readonly rules: BanRules; readonly capacity: number },
): BanAddition {
  const { at, kind } = order
  const earlier = rows.get.get(pick(order))
  if (earlier !== undefined && earlier.until > at) return 'stands'
  rows.forget.run({ before: at - REMEMBERED_MS, limit: TIDIED_AT_ONCE })
  const isFull = () => earlier === undefined && (rows.size.get() ?? 0) >= capacity
  if (isFull()) rows.forget.run({ before: at, limit: GIVEN_UP_AT_ONCE })
  if (isFull()) return 'full'
  // A ban that an operator ended was a mistake, so it does not count.
  const isRepeated = earlier !== undefined && earlier.endedBy === '' && at - earlier.until < REMEMBERED_MS
  const times = isRepeated ? earlier.times + 1 : 1
  const longer = Math.min(rules.longest, rules.duration * 2 ** Math.min(times - 1, MOST_DOUBLINGS))
  const until = at + (kind === 'account' ? rules.account : Math.max(rules.duration, longer))
  rows.put.run(prefixOf(order), { ...order, until, by: BY_NODE, times })
  return 'added'
}

/** Every subject whose ban concerns the client or the accounts. */
function subjectsOf(
  rows: BanStatements,
  { ip, accounts = [] }: { readonly ip?: string; readonly accounts?: readonly string[] },
): readonly BanSubject[] {
  const named = accounts.map((value) => ({ kind: 'account', value }) as const)
  if (ip === undefined) return named
  const networks = new Set([siteNetwork(ip)])
  for (const bits of rows.prefixes.all()) {
    const network = networkAround(ip, bits)
    if (network !== null) networks.add(network)
  }
  return [
    { kind: 'address', value: clientNetwork(ip) },
    ...[...networks].map((value) => ({ kind: 'network', value }) as const),
    ...named,
  ]
}

function prefixOf({ kind, value }: BanSubject): number {
  return kind === 'network' ? Number(value.split('/')[1]) : 0
}

function pick({ kind, value }: BanSubject): BanSubject {
  return { kind, value }
}

function banOf({ endedBy: _by, endReason: _reason, ...ban }: BanRow): Ban {
  return ban
}
