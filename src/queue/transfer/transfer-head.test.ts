// The format of a message in a transfer request: it is read back unchanged, and any other format is refused.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TransferredMessage } from '../contract/queue-transfer.ts'
import { readHead, writeHead } from './transfer-head.ts'

const time = fc.nat({ max: 2_000_000_000_000 })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const word = fc.string({ minLength: 1, unit: 'binary' })

const recipient = fc.record({
  address: word,
  original: word,
  reversePath: maybe(word),
  nextHop: word,
  private: fc.boolean(),
  parameters: fc.record({
    notify: fc.subarray(['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'] as const),
    orcpt: maybe(word),
  }),
  state: fc.constantFrom('queued', 'deferred', 'held', 'delivered', 'failed', 'expired'),
  attempts: fc.nat(),
  nextAttemptAt: time,
  noticeDue: maybe(fc.constantFrom('failed', 'delayed', 'delivered', 'expanded')),
  delayNotified: fc.boolean(),
  last: maybe(fc.record({ at: time, status: word, reply: word, host: maybe(word), replyClass: maybe(word) })),
})

const message = fc.record({
  queueId: fc.string({ minLength: 1, maxLength: 64 }),
  arrivedAt: time,
  expiresAt: time,
  origin: fc.oneof(
    fc.constant({ kind: 'internet' }),
    fc.constant({ kind: 'peer', role: 'mx', vouched: 'dmarc-pass' }),
    fc.record({ kind: fc.constant('user'), identity: word }),
  ),
  sender: maybe(word),
  parameters: fc.record({
    size: maybe(fc.nat()),
    body: fc.constantFrom('7BIT', '8BITMIME'),
    smtputf8: fc.boolean(),
    requireTls: fc.boolean(),
    ret: maybe(fc.constantFrom('FULL', 'HDRS')),
    envid: maybe(word),
  }),
  senderProven: fc.boolean(),
  header: fc.uint8Array().map((octets) => Buffer.from(octets)),
  body: fc.record({ kind: fc.constant('inline'), bytes: fc.uint8Array().map((octets) => Buffer.from(octets)) }),
  recipients: fc.array(recipient, { minLength: 1, maxLength: 4 }),
  history: fc.array(
    fc.record({
      at: time,
      events: fc.array(fc.record({ kind: fc.constant('unsigned'), at: time, queueId: word, reason: word })),
    }),
  ),
}) as unknown as fc.Arbitrary<TransferredMessage>

describe('the head', () => {
  it('is one line and is read back unchanged', () => {
    fc.assert(
      fc.property(message, (one) => {
        const line = writeHead(one)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        const { header, body, ...rest } = one
        const bodySize = body.kind === 'inline' ? body.bytes.length : body.size
        expect(readHead(line.toString())).toEqual({ ...rest, headerSize: header.length, bodySize })
      }),
    )
  })

  const [sample] = fc.sample(message, { numRuns: 1, seed: 1 }) as [TransferredMessage]
  const changed = (change: object) => {
    const plain = JSON.parse(writeHead(sample).toString()) as object
    return JSON.stringify({ ...plain, ...change })
  }

  it.each([
    ['no JSON', 'hello'],
    ['no object', '[]'],
    ['another version', changed({ version: 2 })],
    ['no recipients', changed({ recipients: [] })],
    ['a negative size', changed({ bodySize: -1 })],
    ['a size that is none', changed({ headerSize: 1.5 })],
    ['a time that is none', changed({ arrivedAt: 'yesterday' })],
    ['an origin that is none', changed({ origin: { kind: 'root' } })],
    ['a state that may not travel', changed({ recipients: [{ ...sample.recipients[0], state: 'claimed' }] })],
    ['events that are none', changed({ history: [{ at: 1, events: ['x'] }] })],
  ])('with %s is refused', (_, line) => {
    expect(readHead(line)).toBeNull()
  })

  it('drops unknown fields', () => {
    expect(readHead(changed({ recipients: [{ ...sample.recipients[0], id: 7 }], extra: 1 }))).toMatchObject({
      recipients: [expect.not.objectContaining({ id: 7 })],
    })
  })
})
