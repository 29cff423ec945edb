// The greylist of a running node. A file that cannot be used never delays mail: the mail passes, and the file is opened again later.

import type { Greylist, GreylistRules } from './greylist-contract.ts'
import { greylistFormat, writeRules } from './sqlite/greylist-rows.ts'
import { type GreylistLimits, sqliteGreylist } from './sqlite/sqlite-greylist.ts'
import { holdState, type StateHolderPorts } from './state-holder.ts'

export interface NodeGreylist extends Greylist {
  /** Opens the file, so that problems are reported at the start, and records the rules for commands. */
  open(rules: GreylistRules): void
  /** Removes old entries; returns how many did not come back. */
  purge(rules: GreylistRules, at: number): number
  /** Why the file cannot be used; null while it can, and before it is needed. */
  readonly problem: string | null
  /** Entries of the table; 0 while it is not open. */
  readonly size: number
  close(): void
}

export interface NodeGreylistPorts extends StateHolderPorts {
  /** Called for each attempt that found no place: the table is full, or the share of its network is used up. */
  readonly refused: (limit: 'capacity' | 'network') => void
}

export function createNodeGreylist(
  settings: GreylistLimits & { readonly path: string },
  ports: NodeGreylistPorts,
): NodeGreylist {
  let rules: GreylistRules | null = null
  const holder = holdState(
    {
      path: settings.path,
      format: greylistFormat,
      tableOf: (db) => {
        const record = (wanted: GreylistRules) => writeRules(db, wanted)
        if (rules) record(rules)
        return { record, table: sqliteGreylist(db, settings, { overShare: () => ports.refused('network') }) }
      },
    },
    ports,
  )
  const opened = (wanted: GreylistRules) => {
    rules = wanted
    holder.open()
  }
  return {
    get problem() {
      return holder.problem
    },
    get size() {
      return holder.use(({ table }) => table.size) ?? 0
    },
    open: (wanted) => {
      opened(wanted)
      holder.use(({ record }) => record(wanted))
    },
    judge: async (attempt, wanted) => {
      opened(wanted)
      const answer = holder.use(({ table }) => table.judge(attempt, wanted))
      if (answer?.kind === 'full') ports.refused('capacity')
      return answer ?? { kind: 'unavailable', cause: holder.problem ?? 'the greylist is closed' }
    },
    purge: (wanted, at) => holder.use(({ table }) => table.purge(wanted, at)) ?? 0,
    close: () => holder.close(),
  }
}
