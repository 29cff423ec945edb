// A process that accepts, claims and settles messages while its disk returns errors (disk-error.test.ts causes them). At the end it closes
// the queue and prints the results as JSON: accepted, refused with the cause, settled.

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/lib/clock.ts'
import { openQueue } from '../../src/queue/sqlite/open-queue.ts'
import { queueSettings } from '../../src/queue/contract/queue-settings.ts'
import type { NewMessage } from '../../src/queue/contract/queue.ts'
import { asUnavailable } from '../../src/queue/contract/queue-unavailable.ts'
import { delivered, sampleMessage, sampleRecipient } from '../lib/queue-samples.ts'

const [directory = ''] = process.argv.slice(2)
const MAILS = 120
const HOPS = 4
const queue = await openQueue({ ...queueSettings(directory), reserveBytes: 0 }, { clock: systemClock, randomBytes })
const told = { accepted: [] as string[], settled: [] as string[], refused: [] as string[], failing: 0 }

async function message(queueId: string, spooled: boolean): Promise<NewMessage> {
  const nextHop = `mx:h${queueId.length % HOPS}.example`
  const recipients = [sampleRecipient({ address: `${queueId}@example.net`, nextHop })]
  if (!spooled) return sampleMessage({ queueId, recipients, arrivedAt: Date.now() })
  const file = await queue.createSpoolFile()
  file.stream.on('error', () => undefined)
  file.stream.end(Buffer.alloc(50_000, queueId))
  const { size } = await file.finish()
  return sampleMessage({ queueId, recipients, arrivedAt: Date.now(), body: { kind: 'spool', file: file.file, size } })
}

async function one(n: number): Promise<void> {
  const queueId = `M${n}`
  try {
    const claims = await queue.accept(await message(queueId, n % 3 === 0), { claim: n % 2 === 0 })
    told.accepted.push(queueId)
    for (const claim of claims) {
      const outcomes = claim.recipients.map(({ recipientId }) => ({ recipientId, outcome: delivered() }))
      await queue.settle({ queueId, nextHop: claim.nextHop, outcomes })
      told.settled.push(queueId)
    }
  } catch (error) {
    const unavailable = asUnavailable(error)
    if (!unavailable) throw error
    told.refused.push(`${queueId} ${unavailable.cause}`)
    if ((await queue.health()).kind === 'failing') told.failing++
    await sleep(1)
  }
}

for (let n = 0; n < MAILS; n += 4) await Promise.all([n, n + 1, n + 2, n + 3].map(one))
// The disk may still give errors: closing tidies up what it can, the next open the rest.
await queue.close()
process.stdout.write(JSON.stringify(told))
