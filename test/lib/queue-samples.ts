// Samples for tests of the queue: messages, outcomes, and a queue in a new directory.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, Timer } from '../../src/lib/clock.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openQueue } from '../../src/queue/sqlite/open-queue.ts'
import type { OpenQueue } from '../../src/queue/contract/opened-queue.ts'
import { type QueueSettings, queueSettings } from '../../src/queue/contract/queue-settings.ts'
import type { Outcome } from '../../src/queue/contract/outcome.ts'
import type { NewMessage, NewRecipient } from '../../src/queue/contract/queue.ts'
import { plainMail, plainRecipient } from '../../src/smtp/envelope.ts'

let serial = 0

export function sampleRecipient(change: Partial<NewRecipient> = {}): NewRecipient {
  const address = change.address ?? 'alice@example.net'
  return {
    address,
    original: address,
    reversePath: 'sender@example.org',
    nextHop: 'mx:example.net',
    private: false,
    parameters: plainRecipient,
    ...change,
  }
}

export function sampleMessage(change: Partial<NewMessage> = {}): NewMessage {
  const queueId = change.queueId ?? `F${String(++serial).padStart(12, '0')}`
  const arrivedAt = change.arrivedAt ?? 1_800_000_000_000
  const sender = change.sender === undefined ? 'sender@example.org' : change.sender
  const recipients = change.recipients ?? [sampleRecipient()]
  const base = { at: arrivedAt, queueId }
  return {
    queueId,
    arrivedAt,
    origin: { kind: 'internet' },
    sender,
    parameters: plainMail,
    header: Buffer.from(`From: <${sender ?? ''}>\r\nMessage-ID: <${queueId}@example.org>\r\n\r\n`),
    body: { kind: 'inline', bytes: Buffer.from('Hello\r\n') },
    senderProven: true,
    recipients,
    events: [
      {
        kind: 'received',
        ...base,
        origin: 'internet',
        sender,
        remote: '192.0.2.1',
        helo: 'client.example',
        tls: null,
        size: 100,
        messageId: `<${queueId}@example.org>`,
      },
      ...recipients.map((recipient) => ({
        kind: 'resolved' as const,
        ...base,
        recipient: recipient.address,
        original: recipient.original,
        reversePath: recipient.reversePath,
        nextHop: recipient.nextHop,
        steps: [],
      })),
    ],
    ...change,
  }
}

const peer = { host: 'mx.example.net[192.0.2.25]:25', tls: null }

export const delivered = (change: { dsnPassedOn?: boolean } = {}): Outcome => ({
  kind: 'delivered',
  dsnPassedOn: false,
  reply: '250 2.0.0 OK',
  status: '2.0.0',
  ...peer,
  ...change,
})

export const deferred = (change: { retryAt?: number | null } = {}): Outcome => ({
  kind: 'deferred',
  scope: 'recipient',
  retryAt: null,
  reply: '450 4.2.1 try later',
  status: '4.2.1',
  ...peer,
  ...change,
})

export const failed = (): Outcome => ({
  kind: 'failed',
  scope: 'recipient',
  reply: '550 5.1.1 no such user',
  status: '5.1.1',
  ...peer,
})

/** A clock that stands still until it is set; sleeping ends at once. */
export class TestClock implements Clock {
  time = 1_800_000_000_000
  now(): number {
    return this.time
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(Math.min(ms, 20), signal)
  }
  /** Follows `time`: a test sets one clock. */
  monotonic(): number {
    return this.time - 1_800_000_000_000
  }
  after(ms: number, run: () => void): Timer {
    return systemClock.after(ms, run)
  }
  every(ms: number, run: () => void): Timer {
    return systemClock.every(ms, run)
  }
}

export interface TestQueue {
  readonly directory: string
  readonly clock: TestClock
  open(change?: Partial<QueueSettings>): Promise<OpenQueue>
  remove(): Promise<void>
}

/** A directory for a queue, and a way to open it again and again. */
export function testQueue(): TestQueue {
  const directory = mkdtempSync(join(tmpdir(), 'waypost-queue-'))
  const clock = new TestClock()
  const opened: OpenQueue[] = []
  return {
    directory,
    clock,
    async open(change = {}) {
      const queue = await openQueue(
        { ...queueSettings(directory), reserveBytes: 0, ...change },
        { clock, randomBytes: (count) => randomBytes(count) },
      )
      opened.push(queue)
      return queue
    },
    async remove() {
      for (const queue of opened) await queue.close().catch(() => {})
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
