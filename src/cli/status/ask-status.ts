// What a command can say about the node of a data directory: the node answers, or its files say what was.

import { dirname } from 'node:path'
import { commandClock } from '../../lib/clock.ts'
import { type NodeStatus, nodeStatusSchema, STATUS_VERSION } from '../../fleet-view/node-status.ts'
import { type LastRun, readLastRun } from '../../node/last-run.ts'
import type { QueueStats } from '../../queue/contract/queue-reader.ts'
import { asUnavailable } from '../../queue/contract/queue-unavailable.ts'
import { openQueueReader } from '../../queue/sqlite/direct-access.ts'
import { askNode } from '../node/ask-node.ts'

export type NodeView =
  | { readonly state: 'running'; readonly status: NodeStatus }
  /** `silent`: a node accepts connections and does not answer. */
  | {
      readonly state: 'stopped' | 'silent'
      readonly problem: string
      readonly lastRun: LastRun | null
      /** Null if the queue cannot be read. */
      readonly queue: QueueStats | null
      readonly queueProblem: string | null
    }
  /** It could not be asked. */
  | { readonly state: 'unknown'; readonly problem: string }

/** A node runs its health checks, each for 3 s at most. */
const ANSWER_MS = 10_000

/** Asks the node of a queue directory. */
export async function readNode(queueDirectory: string): Promise<NodeView> {
  const data = dirname(queueDirectory)
  const asked = await askNode(data, 'status', ANSWER_MS)
  if (asked.kind === 'answer') return readAnswer(asked.value)
  if (asked.is === 'unknown') return { state: 'unknown', problem: asked.problem }
  return {
    state: asked.is === 'silent' ? 'silent' : 'stopped',
    problem: asked.problem,
    lastRun: await readLastRun(data),
    ...(await readQueue(queueDirectory)),
  }
}

function readAnswer(value: unknown): NodeView {
  const read = nodeStatusSchema.safeParse(value)
  if (read.success) return { state: 'running', status: read.data }
  return {
    state: 'unknown',
    problem: `the node runs, but is of another release: its answer is not version ${STATUS_VERSION} of a status`,
  }
}

async function readQueue(
  directory: string,
): Promise<{ readonly queue: QueueStats | null; readonly queueProblem: string | null }> {
  try {
    const reader = openQueueReader(directory, commandClock)
    try {
      return { queue: await reader.stats(), queueProblem: null }
    } finally {
      reader.close()
    }
  } catch (error) {
    const unavailable = asUnavailable(error)
    if (!unavailable) throw error
    return { queue: null, queueProblem: unavailable.message }
  }
}
