// The greylist of a running node. A file that cannot be used never delays mail: the mail passes, and the file is opened again later.

import type { Greylist, GreylistRules } from './greylist-contract.ts'
import type { GreylistLimits } from './sqlite/sqlite-greylist.ts'
import { openStateClient, type StateFilePorts } from './thread/state-file-client.ts'

export interface NodeGreylist extends Greylist {
  /** Opens the file, so that problems are reported at the start, and records the rules for commands. */
  open(rules: GreylistRules): Promise<void>
  /** Removes old entries; returns how many did not come back. */
  purge(rules: GreylistRules, at: number): Promise<number>
  /** Why the file cannot be used; null while it can, and before it is needed. */
  readonly problem: string | null
  /** Entries of the table as of the last answer; 0 before it. */
  readonly size: number
  close(): Promise<void>
}

export interface NodeGreylistPorts extends StateFilePorts {
  /** Called for each attempt that found no place: the table is full, or the share of its network is used up. */
  readonly refused: (limit: 'capacity' | 'network') => void
}

export function createNodeGreylist(
  settings: GreylistLimits & { readonly path: string },
  ports: NodeGreylistPorts,
): NodeGreylist {
  const file = openStateClient({ kind: 'greylist', ...settings }, ports)
  let size = 0
  return {
    get problem() {
      return file.problem
    },
    get size() {
      return size
    },
    open: async (rules) => {
      size = (await file.ask.record(rules))?.size ?? size
    },
    judge: async (attempt, rules) => {
      const judged = await file.ask.judge(attempt, rules)
      if (judged === null) return { kind: 'unavailable', cause: file.problem ?? 'the greylist is closed' }
      size = judged.size
      if (judged.isOverShare) ports.refused('network')
      if (judged.answer.kind === 'full') ports.refused('capacity')
      return judged.answer
    },
    purge: async (rules, at) => {
      const purged = await file.ask.purge(rules, at)
      size = purged?.size ?? size
      return purged?.lost ?? 0
    },
    close: () => file.close(),
  }
}
