// What the node asks the file of bans.

import type { Database } from 'better-sqlite3'
import type { Ban, BanAddition, BanOrder, BanRules, BanSubject, KeptCount, OperatorBan } from '../ban-contract.ts'
import type { KeptRow } from './ban-rows.ts'
import { type BanNews, sqliteBans } from './sqlite-bans.ts'

/** Reports of one call: a flood of bans must not hold up the node. */
const NEWS_AT_ONCE = 500

/** Throws the errors of SQLite. */
export interface BanTable {
  find(who: { readonly ip?: string; readonly accounts?: readonly string[] }, at: number): readonly Ban[]
  add(order: BanOrder, rules: BanRules): BanAddition
  /** What was made or ended and is not reported, also by commands. `size`: bans that are remembered; null if nothing has changed. */
  news(): { readonly news: readonly BanNews[]; readonly size: number | null }
  reported(news: readonly BanNews[]): void
  /** The bans that stand, those that end last first. */
  standing(at: number, limit: number): readonly Ban[]
  /** A ban of an operator; it replaces one that stands. */
  order(ban: OperatorBan): Ban
  /** Ends a ban; null if none stands. */
  end(subject: BanSubject, by: { readonly at: number; readonly name: string; readonly reason: string }): Ban | null
  saveCounts(counts: readonly KeptCount[], at: number): void
  counts(): readonly KeptRow[]
  purge(before: number): void
}

export function banTable(db: Database, limits: { readonly capacity: number }): BanTable {
  const bans = sqliteBans(db, limits)
  let mayHaveNews = true
  return {
    find: (who, at) => bans.find(who, at),
    add: (order, rules) => {
      const added = bans.add(order, rules)
      if (added === 'added') mayHaveNews = true
      return added
    },
    news: () => {
      if (!bans.hasChanged() && !mayHaveNews) return { news: [], size: null }
      const news = bans.news(NEWS_AT_ONCE)
      // They come again until they are reported.
      mayHaveNews = news.length > 0
      return { news, size: bans.size }
    },
    reported: (news) => bans.reported(news),
    standing: (at, limit) => bans.list({ at, all: false, limit }),
    order: (ban) => {
      mayHaveNews = true
      return bans.order(ban)
    },
    end: (subject, by) => {
      mayHaveNews = true
      return bans.end(subject, by)
    },
    saveCounts: (counts, at) => bans.saveCounts(counts, at),
    counts: () => bans.counts(),
    purge: (before) => bans.purge(before),
  }
}
