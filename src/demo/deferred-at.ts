// How much waits at a node of the demonstration after a refusal.

import { commandClock } from '../lib/clock.ts'
import { openQueueReader } from '../queue/sqlite/direct-access.ts'
import { queueDirectory } from '../wiring/node-paths.ts'
import type { NodeName } from './demo-addresses.ts'
import type { Fleet } from './fleet.ts'

/** Recipients whose last attempt was deferred. */
export async function deferredAt(fleet: Fleet, node: NodeName): Promise<number> {
  const reader = openQueueReader(queueDirectory({ data: fleet.dataOf(node) }), commandClock)
  try {
    return (await reader.stats()).recipients.deferred
  } finally {
    reader.close()
  }
}
