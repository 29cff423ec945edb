// Reading and control of a queue from the process of a command, whether the node runs or not. SQLite's locks order the steps with the
// node's commits; the node notices a change at its next commit or within a second. Nothing here claims, accepts or recovers.

import { createReadStream } from 'node:fs'
import { inlineStream } from '../contract/stored-body.ts'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import type { QueueControl } from '../contract/queue-control.ts'
import type { QueueReader } from '../contract/queue-reader.ts'
import type { Event } from '../../observe/events.ts'
import { openReadOnly } from './database/database.ts'
import { DirectStore } from './direct-store.ts'
import { SqliteQueueControl } from './sqlite-queue-control.ts'
import { type ReaderPorts, SqliteQueueReader } from './sqlite-queue-reader.ts'
import { runReadStep } from './store/read-steps.ts'
import { encodeEvents } from './worker/worker-codec.ts'

/**
 * Bounds of the rest between two steps, ms. SQLite's busy handler makes a waiting node look again after 25 ms, later 50 and 100 ms; a
 * shorter rest would keep the node out until the last step.
 */
const SHORTEST_REST_MS = 30
const LONGEST_REST_MS = 110

/** What a command opened and has to close. */
export interface Closable {
  close(): void
}

/** Opens the queue of a directory for reading. Throws QueueUnavailable if there is none or it cannot be read. */
export function openQueueReader(directory: string, clock: Pick<Clock, 'now'>): QueueReader & Closable {
  const db = openReadOnly(directory)
  // One transaction per step, so that its numbers are of one moment.
  const run = (async (step) => db.transaction(() => runReadStep(db, step))()) as ReaderPorts['run']
  const reader = new SqliteQueueReader({
    run,
    now: () => clock.now(),
    openBody: (body) =>
      body.kind === 'spool' ? createReadStream(join(directory, 'spool', body.file)) : inlineStream(body.bytes),
  })
  return Object.assign(reader, { close: () => void db.close() })
}

/** Adds events of a command to the ledger of a queue, beside a running node or without one. Throws QueueUnavailable. */
export function recordInLedger(directory: string, events: readonly Event[], clock: Pick<Clock, 'now'>): void {
  const store = DirectStore.shared(directory, clock.now())
  try {
    store.run({ kind: 'record', events: encodeEvents(events) })
  } finally {
    store.close()
  }
}

/** Opens the queue of a directory for control. Rests between two steps, so that a running node commits in between. Throws QueueUnavailable. */
export function openQueueControl(directory: string, clock: Clock): QueueControl & Closable {
  const store = DirectStore.shared(directory, clock.now())
  const control = new SqliteQueueControl({
    clock,
    run: async (step) => store.run({ kind: 'control', step }),
    rest: (stepMs) => clock.sleep(Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, stepMs / 2))),
  })
  return Object.assign(control, { close: () => store.close() })
}
