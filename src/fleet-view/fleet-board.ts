// The last answers of the other nodes, for all viewers together: each node is asked for its status at most every few seconds and by one question at
// a time, and a node that is slow does not delay the view beyond a limit.

import type { Clock } from '../lib/clock.ts'
import type { FleetNodeStatus, FleetSource } from './fleet-client.ts'
import type { NodeStatus } from './node-status.ts'

export interface BoardNode {
  /** The name in the configuration. */
  readonly name: string
  /** As the configuration has it; null if it does not say it. */
  readonly role: string | null
  /** The last answer, which may be old; null if there was none since the start. */
  readonly status: NodeStatus | null
  /** Age of the last answer, ms; null without one. */
  readonly ageMs: number | null
  /** Why there is no present answer; null if there is one. */
  readonly problem: string | null
  /** Of the last answer: how far the clock of the node is ahead of this one, ms. */
  readonly clockAheadMs: number | null
}

export interface FleetBoard {
  /** Never rejects, and takes `LOOK_MS` at most. */
  look(): Promise<readonly BoardNode[]>
}

/** A view waits for the other nodes so long: those that have not answered by then are shown with their last answer. */
export const LOOK_MS = 1500
/** An answer of so short a time ago is as good: a status runs the health checks of the other node. */
const FRESH_MS = 4000

interface Slot {
  running: Promise<void> | null
  /** Monotonic, of the running question. */
  askedAt: number
  /** Monotonic; null before the first end. */
  endedAt: number | null
  problem: string | null
  last: { readonly status: NodeStatus; readonly at: number; readonly clockAheadMs: number | null } | null
}

export function createFleetBoard(
  sources: readonly Pick<FleetSource, 'name' | 'role' | 'status'>[],
  clock: Pick<Clock, 'monotonic' | 'sleep'>,
): FleetBoard {
  const slots = sources.map((source) => ({
    source,
    slot: { running: null, askedAt: 0, endedAt: null, problem: null, last: null } as Slot,
  }))
  const keep = (slot: Slot, { told, clockAheadMs }: FleetNodeStatus) => {
    const at = clock.monotonic()
    slot.endedAt = at
    slot.problem = told.kind === 'answer' ? null : told.cause
    if (told.kind === 'answer') slot.last = { status: told.value, at, clockAheadMs }
    slot.running = null
  }
  const ask = ({ source, slot }: (typeof slots)[number]): Promise<void> | null => {
    const isFresh = slot.endedAt !== null && clock.monotonic() - slot.endedAt < FRESH_MS
    if (slot.running || isFresh) return slot.running
    slot.askedAt = clock.monotonic()
    slot.running = source.status().then((answer) => keep(slot, answer))
    return slot.running
  }
  return {
    look: async () => {
      const asked = slots.map(ask).filter((one) => one !== null)
      if (asked.length > 0) await beforeLimit(Promise.all(asked), clock)
      const now = clock.monotonic()
      return slots.map(({ source, slot }) => boardNode(source, slot, now))
    },
  }
}

async function beforeLimit(work: Promise<unknown>, clock: Pick<Clock, 'sleep'>): Promise<void> {
  const answered = new AbortController()
  // Aborted after the answers: the race is over.
  const late = clock.sleep(LOOK_MS, answered.signal).catch(() => undefined)
  await Promise.race([work, late])
  answered.abort()
}

function boardNode(
  { name, role }: Pick<FleetSource, 'name' | 'role'>,
  { running, askedAt, problem, last }: Slot,
  now: number,
): BoardNode {
  const waits = running ? now - askedAt : 0
  const late = waits >= LOOK_MS ? `no answer for ${Math.round(waits / 1000)} s` : null
  const none = last === null ? 'no answer yet' : null
  return {
    name,
    role,
    status: last?.status ?? null,
    ageMs: last === null ? null : now - last.at,
    problem: problem ?? late ?? none,
    clockAheadMs: last?.clockAheadMs ?? null,
  }
}
