// The results of TLS sessions in a running node.

import type { TlsResultStore } from './tls-result-contract.ts'
import { openStateClient, type StateFilePorts } from './thread/state-file-client.ts'

export interface NodeTlsResults extends TlsResultStore {
  /** Why the file cannot be used; null while it can, and before it is needed. */
  readonly problem: string | null
  /** Rows in the file as of the last answer. */
  readonly size: number
  close(): Promise<void>
}

/** @param settings.share rows of one day and domain */
export function createTlsResultStore(
  settings: { readonly path: string; readonly capacity: number; readonly share: number },
  ports: StateFilePorts,
): NodeTlsResults {
  const file = openStateClient({ kind: 'tls-results', ...settings }, ports)
  let size = 0
  const counted = (rows: number | null): number | null => {
    size = rows ?? size
    return rows
  }
  return {
    get problem() {
      return file.problem
    },
    get size() {
      return size
    },
    add: async (rows) => {
      const added = await file.ask.add(rows)
      counted(added?.rows ?? null)
      return added
    },
    unplanned: (request) => file.ask.unplanned(request),
    plan: async (of, uris, at) => counted(await file.ask.plan(of, uris, at)),
    due: (now, limit) => file.ask.due(now, limit),
    resultsOf: (of) => file.ask.resultsOf(of),
    finish: async (report) => counted(await file.ask.finish(report)),
    postpone: async (report, at) => counted(await file.ask.postpone(report, at)),
    purge: async (day) => counted(await file.ask.purge(day)),
    close: () => file.close(),
  }
}
