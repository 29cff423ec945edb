// The bans of a running node. While the file cannot be used, the counts in memory still limit guesses.

import type { Ban, Bans, BanSubject, KeptCount, OperatorBan } from './ban-contract.ts'
import type { KeptRow } from './sqlite/ban-rows.ts'
import type { BanNews } from './sqlite/sqlite-bans.ts'
import { openStateClient, type StateFilePorts } from './thread/state-file-client.ts'

export interface NodeBans extends Bans {
  /** What was made or ended and is not reported, also by commands. Opens the file again if it has failed. */
  news(): Promise<readonly BanNews[]>
  /** The news are in the ledger. */
  reported(news: readonly BanNews[]): Promise<void>
  /** The bans that stand, those that end last first. */
  standing(at: number, limit: number): Promise<readonly Ban[]>
  /** A ban of an operator; null if the file cannot be used. */
  order(ban: OperatorBan): Promise<Ban | null>
  /** Ends a ban; null if none stands, or the file cannot be used. */
  end(
    subject: BanSubject,
    by: { readonly at: number; readonly name: string; readonly reason: string },
  ): Promise<Ban | null>
  saveCounts(counts: readonly KeptCount[], at: number): Promise<void>
  counts(): Promise<readonly KeptRow[]>
  /** Removes some bans that ended before, unix milliseconds. */
  purge(before: number): Promise<void>
  /** Why the file cannot be used; null while it can. */
  readonly problem: string | null
  /** Bans that are remembered, as of the last news. */
  readonly size: number
  close(): Promise<void>
}

export interface NodeBansPorts extends StateFilePorts {
  /** Called for each ban that found no place. */
  readonly refused: () => void
}

export function createNodeBans(
  { path, capacity }: { readonly path: string; readonly capacity: number },
  ports: NodeBansPorts,
): NodeBans {
  const file = openStateClient({ kind: 'bans', path, capacity }, ports)
  let size = 0
  return {
    get problem() {
      return file.problem
    },
    get size() {
      return size
    },
    find: async (who, at) => {
      const bans = await file.ask.find(who, at)
      return bans === null
        ? { kind: 'unavailable', cause: file.problem ?? 'the bans are closed' }
        : { kind: 'known', bans }
    },
    add: async (order, rules) => {
      const added = (await file.ask.add(order, rules)) ?? 'unavailable'
      if (added === 'full') ports.refused()
      return added
    },
    news: async () => {
      const found = await file.ask.news()
      size = found?.size ?? size
      return found?.news ?? []
    },
    reported: async (news) => void (await file.ask.reported(news)),
    standing: async (at, limit) => (await file.ask.standing(at, limit)) ?? [],
    order: (ban) => file.ask.order(ban),
    end: (subject, by) => file.ask.end(subject, by),
    saveCounts: async (counts, at) => void (await file.ask.saveCounts(counts, at)),
    counts: async () => (await file.ask.counts()) ?? [],
    purge: async (before) => void (await file.ask.purge(before)),
    close: () => file.close(),
  }
}
