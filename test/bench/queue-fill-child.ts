// Fills a queue directory through the contract of the queue: `count` messages of a thousand senders, a day old, attempted once and deferred
// (`deferred`: not due for an hour) or never attempted (`due`: the next node attempts them at once).
// Argument: JSON { directory, count, nextHop, kind }.

import { systemClock } from '../../src/lib/clock.ts'
import { createQueueIds } from '../../src/lib/ids.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openQueue } from '../../src/queue/sqlite/open-queue.ts'
import type { OpenQueue } from '../../src/queue/contract/opened-queue.ts'
import type { Outcome } from '../../src/queue/contract/outcome.ts'
import type { NewMessage } from '../../src/queue/contract/queue.ts'
import { queueSettings } from '../../src/queue/contract/queue-settings.ts'
import { plainMail, plainRecipient } from '../../src/smtp/envelope.ts'

interface FillOrder {
  readonly directory: string
  readonly count: number
  readonly nextHop: string
  readonly kind: 'deferred' | 'due'
}

const DAY = 86_400_000
const SENDERS = 1000
/** Simultaneous accepts: enough for full group commits. */
const AT_ONCE = 1000
const body = Buffer.from(`${'X'.repeat(78)}\r\n`.repeat(13))

const order = JSON.parse(process.argv[2] as string) as FillOrder
const newQueueId = createQueueIds(systemClock, systemRandom)
const deferred: Outcome = {
  kind: 'deferred',
  scope: 'site',
  retryAt: null,
  reply: 'connect to the next hop: refused',
  status: '4.4.1',
  host: null,
  tls: null,
}

function mail(index: number): NewMessage {
  const queueId = newQueueId()
  const arrivedAt = systemClock.now() - DAY
  const sender = `sender-${index % SENDERS}@example.org`
  const address = `recipient-${index}@dead.example.net`
  return {
    queueId,
    arrivedAt,
    origin: { kind: 'internet' },
    sender,
    parameters: plainMail,
    header: Buffer.from(`From: <${sender}>\r\nTo: <${address}>\r\nMessage-ID: <${queueId}@example.org>\r\n\r\n`),
    body: { kind: 'inline', bytes: body },
    senderProven: true,
    recipients: [
      {
        address,
        original: address,
        reversePath: sender,
        nextHop: order.nextHop,
        private: false,
        parameters: plainRecipient,
      },
    ],
    events: [
      {
        kind: 'received',
        at: arrivedAt,
        queueId,
        origin: 'internet',
        sender,
        remote: '192.0.2.1',
        helo: 'client.example',
        tls: null,
        size: body.length,
        messageId: `<${queueId}@example.org>`,
      },
    ],
  }
}

async function add(queue: OpenQueue, index: number): Promise<void> {
  const claims = await queue.accept(mail(index), { claim: order.kind === 'deferred' })
  for (const { message, nextHop, recipients } of claims) {
    const outcomes = recipients.map(({ recipientId }) => ({ recipientId, outcome: deferred }))
    await queue.settle({ queueId: message.queueId, nextHop, outcomes })
  }
}

const queue = await openQueue(
  { ...queueSettings(order.directory), reserveBytes: 0 },
  { clock: systemClock, randomBytes: systemRandom },
)
let next = 0
const work = async (): Promise<void> => {
  while (next < order.count) await add(queue, next++)
}
await Promise.all(Array.from({ length: AT_ONCE }, work))
await queue.close()
