// The bans of a running node. While the file cannot be used, the counts in memory still limit guesses.

import type { BanRules, Bans, KeptCount } from './ban-contract.ts'
import { banFormat, type KeptRow } from './sqlite/ban-rows.ts'
import { type BanNews, sqliteBans } from './sqlite/sqlite-bans.ts'
import { holdState, type StateHolderPorts } from './state-holder.ts'

export interface NodeBans extends Bans {
  open(): void
  /** What was made or ended since the last call, also by commands. Opens the file again if it has failed. */
  news(): readonly BanNews[]
  /** The bans that stand, those that end last first. */
  standing(at: number, limit: number): readonly BanNews['ban'][]
  saveCounts(counts: readonly KeptCount[], at: number): void
  counts(): readonly KeptRow[]
  /** Why the file cannot be used; null while it can. */
  readonly problem: string | null
  readonly size: number
  close(): void
}

export interface NodeBansPorts extends StateHolderPorts {
  /** Called for each ban that found no place. */
  readonly refused: () => void
}

/** Reports of one call: a flood of bans must not hold up the node. */
const NEWS_AT_ONCE = 500

export function createNodeBans(
  { path, capacity }: { readonly path: string; readonly capacity: number },
  ports: NodeBansPorts,
): NodeBans {
  const holder = holdState({ path, format: banFormat, tableOf: (db) => sqliteBans(db, { capacity }) }, ports)
  let mayHaveNews = true
  return {
    get problem() {
      return holder.problem
    },
    get size() {
      return holder.use((table) => table.size) ?? 0
    },
    open: () => holder.open(),
    find: async (who, at) => {
      holder.open()
      const bans = holder.use((table) => table.find(who, at))
      return bans === null
        ? { kind: 'unavailable', cause: holder.problem ?? 'the bans are closed' }
        : { kind: 'known', bans }
    },
    add: async (order, rules: BanRules) => {
      holder.open()
      const added = holder.use((table) => table.add(order, rules)) ?? 'unavailable'
      if (added === 'full') ports.refused()
      if (added === 'added') mayHaveNews = true
      return added
    },
    news: () => {
      holder.open()
      return (
        holder.use((table) => {
          if (!table.hasChanged() && !mayHaveNews) return []
          const news = table.news(NEWS_AT_ONCE)
          mayHaveNews = news.length === NEWS_AT_ONCE
          return news
        }) ?? []
      )
    },
    standing: (at, limit) => holder.use((table) => table.list({ at, all: false, limit })) ?? [],
    saveCounts: (counts, at) => void holder.use((table) => table.saveCounts(counts, at)),
    counts: () => holder.use((table) => table.counts()) ?? [],
    close: () => holder.close(),
  }
}
