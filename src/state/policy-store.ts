// The MTA-STS policies of other domains in a running node.

import type { PolicyStore, Stock } from './sts-contract.ts'
import { openStateClient, type StateFilePorts } from './thread/state-file-client.ts'

export interface NodePolicies extends PolicyStore {
  /** Why the file cannot be used; null while it can, and before it is needed. */
  readonly problem: string | null
  /** Policies in the file as of the last answer. */
  readonly size: number
  close(): Promise<void>
}

export function createPolicyStore(
  settings: { readonly path: string; readonly capacity: number },
  ports: StateFilePorts,
): NodePolicies {
  const file = openStateClient({ kind: 'policies', ...settings }, ports)
  let size = 0
  const counted = (stock: Stock | null): Stock | null => {
    size = stock?.policies ?? size
    return stock
  }
  return {
    get problem() {
      return file.problem
    },
    get size() {
      return size
    },
    find: (domain) => file.ask.find(domain),
    put: async (policy) => counted(await file.ask.put(policy)),
    touch: async (domain, at) => counted(await file.ask.touch(domain, at)),
    stale: (request) => file.ask.stale(request),
    purge: async (now) => counted(await file.ask.purge(now)),
    close: () => file.close(),
  }
}
