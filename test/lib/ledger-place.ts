// An open queue with a reader of its ledger, and messages that end at once: for tests of what the ledger keeps.

import type { OpenQueue } from '../../src/queue/contract/opened-queue.ts'
import type { Outcome } from '../../src/queue/contract/outcome.ts'
import type { NewMessage } from '../../src/queue/contract/queue.ts'
import { type TestQueue, testQueue } from './queue-samples.ts'
import { SyncQueueReader } from './sync-queue-reader.ts'

export interface LedgerPlace {
  readonly place: TestQueue
  readonly queue: OpenQueue
  readonly reader: SyncQueueReader
  /** Accepts a message and ends all of its recipients. */
  readonly pass: (message: NewMessage, outcome: Outcome) => Promise<void>
}

export async function openLedgerPlace(): Promise<LedgerPlace> {
  const place = testQueue()
  const queue = await place.open()
  const reader = new SyncQueueReader(place.directory)
  return {
    place,
    queue,
    reader,
    pass: async (message, outcome) => {
      for (const { message: stored, nextHop, recipients } of await queue.accept(message, { claim: true }))
        await queue.settle({
          queueId: stored.queueId,
          nextHop,
          outcomes: recipients.map(({ recipientId }) => ({ recipientId, outcome })),
        })
    },
  }
}
