// waypost queue adopt: moves the queue of a dead node into the queue of this node, exactly once, with its events. This node may run or be
// stopped; the dead node must be stopped. Exit code 1 if messages remain there.

import { join, resolve } from 'node:path'
import { transferWholeQueue } from '../../queue/transfer/transfer-whole-queue.ts'
import { createLocalReceiver } from '../../queue/transfer/local-receiver.ts'
import { commandClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { TransferTarget } from '../../queue/transfer/transfer-target.ts'
import { DATABASE_FILE, hasQueue } from '../../queue/sqlite/database/database.ts'
import { lockTransfers } from '../../queue/sqlite/database/process-locks.ts'
import { TransferSource } from '../../queue/transfer/transfer-source.ts'
import { DirectStore } from '../../queue/sqlite/direct-store.ts'
import { FAILED, line } from '../io.ts'
import type { Io } from '../io.ts'
import { printReport } from './queue-drain.ts'
import { withQueueDirectory } from './with-queue.ts'

export interface AdoptOptions {
  readonly config: string
  /** The data directory of the dead node, or the queue directory in it. */
  readonly directory: string
  /** Name of the dead node in the ledger; null: its directory. */
  readonly name: string | null
  readonly by: string
  readonly json: boolean
}

export function queueAdopt(options: AdoptOptions, io: Io): Promise<number> | number {
  return withQueueDirectory(options.config, io, async (own, config) => {
    const directory = queueIn(resolve(options.directory))
    if (directory === null) {
      line(io.stderr, `${options.directory} has no queue: there is no file ${DATABASE_FILE}`)
      return FAILED
    }
    // The lock comes first: a command that cannot get it must not change either queue.
    const lock = lockTransfers(directory)
    try {
      return await adopt({ directory, own, name: config.hostname }, options, io)
    } finally {
      lock.close()
    }
  })
}

async function adopt(
  at: { readonly directory: string; readonly own: string; readonly name: string },
  options: AdoptOptions,
  io: Io,
): Promise<number> {
  const { directory, own } = at
  const ports = { now: () => commandClock.now(), random: systemRandom }
  const from = new TransferSource(DirectStore.owned(directory, commandClock.now()), ports)
  try {
    const to = new TransferTarget(DirectStore.either(own, commandClock.now()), ports)
    try {
      const settings = { node: options.name ?? directory, by: options.by, address: own, patienceMs: 0 }
      const parts = { from, to: createLocalReceiver(to, at.name), clock: commandClock }
      const report = await transferWholeQueue(parts, settings)
      return printReport(report, { to: own, json: options.json, left: from.countMessages().messages }, io)
    } finally {
      to.close()
    }
  } finally {
    from.close()
  }
}

/** The queue directory, from itself or from the data directory. Null if there is none. Throws QueueUnavailable without access. */
function queueIn(directory: string): string | null {
  const places = [directory, join(directory, 'queue')]
  return places.find(hasQueue) ?? null
}
