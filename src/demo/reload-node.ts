// Lets a node of the demonstration read its files again, as `waypost reload` does.

import { askNode } from '../cli/node/ask-node.ts'
import { reloadResultSchema } from '../node/reload-result.ts'
import type { NodeName } from './demo-addresses.ts'
import type { Fleet } from './fleet.ts'

/** Time limit of the answer, ms. */
const ANSWER_MS = 40_000

/** Resolves with true if the node uses the new files, false if it refused them. Rejects if it does not answer. */
export async function reloadNode(fleet: Fleet, node: NodeName): Promise<boolean> {
  const asked = await askNode(fleet.dataOf(node), 'reload', ANSWER_MS)
  if (asked.kind === 'failed') throw new Error(asked.problem)
  return reloadResultSchema.parse(asked.value).kind === 'reloaded'
}
