// What a running node knows about waiting mail beside its queue: the state of delivery. A stopped node has none.

import { dirname } from 'node:path'
import { z } from 'zod'
import type { EngineWaits } from '../../delivery/engine.ts'
import { waitReasons } from '../../queue/scheduling/destination-wait.ts'
import type { NodeWaits } from '../../queue/scheduling/why-waiting.ts'
import { askNode } from '../node/ask-node.ts'

/** A node answers from memory. */
const ANSWER_MS = 5_000

const answer = z.object({
  paused: z.string().nullable(),
  destinations: z.array(
    z.object({
      nextHop: z.string(),
      reason: z.enum(waitReasons),
      until: z.number().nullable(),
      active: z.number(),
      limit: z.number(),
    }),
  ),
})

/** Asks the node of a queue directory. */
export async function readNodeWaits(queueDirectory: string): Promise<NodeWaits> {
  const asked = await askNode(dirname(queueDirectory), 'waits', ANSWER_MS)
  if (asked.kind === 'failed') return { stopped: asked.problem, destinations: new Map() }
  const read = answer.safeParse(asked.value)
  if (!read.success)
    return { stopped: 'the node is of another release and does not say what waits', destinations: new Map() }
  const { paused, destinations }: EngineWaits = read.data
  return { stopped: paused, destinations: new Map(destinations.map((one) => [one.nextHop, one])) }
}
