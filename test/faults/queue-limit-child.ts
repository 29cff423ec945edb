// A process that fills a queue until the limit on its file sizes stops it, then counts what the queue holds.

import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { systemClock } from '../../src/lib/clock.ts'
import { openQueue } from '../../src/queue/sqlite/open-queue.ts'
import { queueSettings } from '../../src/queue/contract/queue-settings.ts'
import { SyncQueueReader } from '../lib/sync-queue-reader.ts'
import { sampleMessage } from '../lib/queue-samples.ts'

const directory = process.argv[2] ?? ''
const queue = await openQueue({ ...queueSettings(directory), reserveBytes: 0 }, { clock: systemClock, randomBytes })
let taken = 0
let refused = ''
while (refused === '' && taken < 10_000) {
  const message = sampleMessage({ body: { kind: 'inline', bytes: Buffer.alloc(30_000, 'x') } })
  await queue.accept(message, { claim: false }).then(
    () => taken++,
    (error: Error) => {
      refused = String(error.cause)
    },
  )
}
const health = (await queue.health()).kind
await queue.close()
const reader = new SyncQueueReader(directory)
const kept = [...reader.list()].length
reader.close()
writeSync(1, JSON.stringify({ taken, refused, kept, health }))
