// waypost queue adopt: takes over the queue directory of a dead node, exactly once, with its history. Works beside this node or while it is
// stopped; refused while the other one runs. Exit 1 if anything is still there.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { transferWholeQueue } from '../../queue/transfer/transfer-whole-queue.ts'
import { createLocalReceiver } from '../../queue/transfer/local-receiver.ts'
import { commandClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { TransferTarget } from '../../queue/transfer/transfer-target.ts'
import { DATABASE_FILE, lockTransfers } from '../../queue/sqlite/database/database.ts'
import { TransferSource } from '../../queue/transfer/transfer-source.ts'
import { DirectStore } from '../../queue/sqlite/direct-store.ts'
import { actAsOwner } from './act-as-owner.ts'
import { FAILED, line } from '../io.ts'
import type { Io } from '../io.ts'
import { say } from './queue-drain.ts'
import { withQueueDirectory } from './with-queue.ts'

export interface AdoptOptions {
  readonly config: string
  /** The dead node's data directory, or the queue directory in it. */
  readonly directory: string
  /** How the ledger calls the dead node; its directory where not given. */
  readonly name: string | null
  readonly by: string
  readonly json: boolean
}

export function queueAdopt(options: AdoptOptions, io: Io): Promise<number> | number {
  return withQueueDirectory(options.config, io, async (own, config) => {
    const directory = queueIn(resolve(options.directory))
    if (directory === null) {
      line(io.stderr, `${options.directory} holds no queue: no file ${DATABASE_FILE}`)
      return FAILED
    }
    actAsOwner(config.data)
    // The dead one first: whoever is refused must not have touched anything.
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
  const ports = { now: () => Date.now(), random: systemRandom }
  const from = new TransferSource(DirectStore.owned(directory, Date.now()), ports)
  try {
    const to = new TransferTarget(DirectStore.either(own, Date.now()), ports)
    try {
      const settings = { node: options.name ?? directory, by: options.by, address: own, patienceMs: 0 }
      const parts = { from, to: createLocalReceiver(to, at.name), clock: commandClock }
      const report = await transferWholeQueue(parts, settings)
      return say(report, { to: own, json: options.json, left: from.countMessages().messages }, io)
    } finally {
      to.close()
    }
  } finally {
    from.close()
  }
}

/** The queue directory, given it or the data directory around it. */
function queueIn(directory: string): string | null {
  const places = [directory, join(directory, 'queue')]
  return places.find((place) => existsSync(join(place, DATABASE_FILE))) ?? null
}
