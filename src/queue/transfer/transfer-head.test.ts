// The format of a message in a transfer request: it is read back unchanged, and any other format is refused.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TransferredMessage } from '../contract/queue-transfer.ts'
import { readHead, writeHead } from './transfer-head.ts'

const time = fc.nat({ max: 2_000_000_000_000 })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const printable = (maxLength: number) =>
  fc.string({
    minLength: 1,
    maxLength,
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  })
const word = printable(30)
const address = fc.constantFrom(
  'kim@example.org',
  '"odd, name"@example.org',
  'jörg@example.net',
  'postmaster@[192.0.2.1]',
  'SRS0=abcd=5M=far.example=x@srs.example.org',
)

const recipient = fc.record({
  address,
  original: address,
  reversePath: maybe(address),
  nextHop: fc.constantFrom('mx:example.net', 'peers:srs', 'smtp:[192.0.2.1]:587', 'lmtp:unix:/run/list.sock'),
  private: fc.boolean(),
  parameters: fc.record({
    notify: fc.constantFrom([], ['NEVER'], ['SUCCESS'], ['FAILURE', 'DELAY']),
    orcpt: maybe(fc.constantFrom('rfc822;kim@example.org', 'utf-8;jörg@example.net')),
  }),
  state: fc.constantFrom('queued', 'deferred', 'held', 'delivered', 'failed', 'expired'),
  attempts: fc.nat({ max: 1000 }),
  nextAttemptAt: time,
  noticeDue: maybe(fc.constantFrom('failed', 'delayed', 'delivered', 'expanded')),
  delayNotified: fc.boolean(),
  last: maybe(
    fc.record({
      at: time,
      status: fc.constantFrom('', '4.7.1', '5.10.110'),
      reply: fc.constantFrom('', '450 4.7.1 later', '550-5.1.1 no\n550 5.1.1 such user'),
      host: maybe(word),
      replyClass: maybe(fc.constantFrom('greylisted', 'spam')),
    }),
  ),
})

const message = fc.record({
  queueId: fc.constant('ABCDEF012345'),
  arrivedAt: time,
  expiresAt: time,
  origin: fc.oneof(
    fc.constant({ kind: 'internet' }),
    fc.constant({ kind: 'peer', role: 'mx', vouched: 'dmarc-pass' }),
    fc.record({ kind: fc.constant('user'), identity: word }),
  ),
  sender: maybe(address),
  parameters: fc.record({
    size: maybe(fc.nat()),
    body: fc.constantFrom('7BIT', '8BITMIME'),
    smtputf8: fc.boolean(),
    requireTls: fc.boolean(),
    ret: maybe(fc.constantFrom('FULL', 'HDRS')),
    envid: maybe(printable(30)),
  }),
  senderProven: fc.boolean(),
  header: fc.uint8Array().map((octets) => Buffer.from(octets)),
  body: fc.record({ kind: fc.constant('inline'), bytes: fc.uint8Array().map((octets) => Buffer.from(octets)) }),
  recipients: fc.array(recipient, { minLength: 1, maxLength: 4 }),
  history: fc.array(
    fc.record({
      at: time,
      events: fc.array(
        fc.record({ kind: fc.constant('unsigned'), at: time, queueId: fc.constant('ABCDEF012345'), reason: word }),
      ),
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
        const head = { ...rest, headerSize: header.length, bodySize }
        expect(readHead(line.toString())).toEqual({ kind: 'head', head })
      }),
    )
  })

  const [sample] = fc.sample(message, { numRuns: 1, seed: 1 }) as [TransferredMessage]
  const changed = (change: object) => {
    const plain = JSON.parse(writeHead(sample).toString()) as object
    return JSON.stringify({ ...plain, ...change })
  }

  const changedRecipient = (change: object) => changed({ recipients: [{ ...sample.recipients[0], ...change }] })
  const changedParameters = (change: object) => changed({ parameters: { ...sample.parameters, ...change } })
  const last = { at: 1, status: '4.0.0', reply: '450 later', host: 'mx.example.net', replyClass: null }
  const changedLast = (change: object) => changedRecipient({ last: { ...last, ...change } })
  const smuggled = 'kim@example.org>\r\nRCPT TO:<lee@example.org'

  it.each([
    ['no JSON', 'hello'],
    ['no object', '[]'],
    ['another version', changed({ version: 2 })],
    ['no recipients', changed({ recipients: [] })],
    ['a negative size', changed({ bodySize: -1 })],
    ['a size that is none', changed({ headerSize: 1.5 })],
    ['a size beyond every number', changed({ bodySize: 1e300 })],
    ['a time that is none', changed({ arrivedAt: 'yesterday' })],
    ['a time without a date', changed({ expiresAt: 8.64e15 + 1 })],
    ['an origin that is none', changed({ origin: { kind: 'root' } })],
    ['an origin with a line end', changed({ origin: { kind: 'user', identity: 'kim\nlee' } })],
    ['a vouch that is none', changed({ origin: { kind: 'peer', role: 'mx', vouched: 'all' } })],
    ['a state that may not travel', changedRecipient({ state: 'claimed' })],
    ['events that are none', changed({ history: [{ at: 1, events: ['x'] }] })],
    [
      'an event that is none',
      changed({ history: [{ at: 1, events: [{ kind: 'boast', at: 1, queueId: 'ABCDEF012345' }] }] }),
    ],
    [
      'an event of another message',
      changed({ history: [{ at: 1, events: [{ kind: 'removed', at: 1, queueId: 'ABCDEF012346' }] }] }),
    ],
    [
      'an event of no message',
      changed({ history: [{ at: 1, events: [{ kind: 'suspended', at: 1, queueId: null }] }] }),
    ],
    [
      'a nested event',
      changed({
        history: [
          {
            at: 1,
            events: [{ kind: 'removed', at: 1, queueId: 'ABCDEF012345', a: { b: { c: { d: { e: 1 } } } } }],
          },
        ],
      }),
    ],
    ['a queue ID with a path', changed({ queueId: '../../etc/passwd' })],
    ['a queue ID with a line end', changed({ queueId: 'ABCDEF012345\n' })],
    ['CRLF in the sender', changed({ sender: smuggled })],
    ['a sender without a domain', changed({ sender: 'kim' })],
    ['an empty sender', changed({ sender: '' })],
    ['CRLF in a reverse-path', changedRecipient({ reversePath: smuggled })],
    ['CRLF in a recipient', changedRecipient({ address: smuggled })],
    ['CRLF in an original recipient', changedRecipient({ original: smuggled })],
    ['an address of 300 octets', changedRecipient({ address: `${'x'.repeat(300)}@example.org` })],
    ['a NUL in a recipient', changedRecipient({ address: 'k\u0000m@example.org' })],
    ['a next hop that is none', changedRecipient({ nextHop: 'example.net' })],
    ['CRLF in a next hop', changedRecipient({ nextHop: 'mx:example.net\r\nQUIT' })],
    ['a next hop with a path for a domain', changedRecipient({ nextHop: 'mx:../example' })],
    ['a port that is none', changedRecipient({ nextHop: 'smtp:[192.0.2.1]:70000' })],
    ['NOTIFY twice', changedRecipient({ parameters: { notify: ['DELAY', 'DELAY'], orcpt: null } })],
    ['NEVER beside others', changedRecipient({ parameters: { notify: ['NEVER', 'DELAY'], orcpt: null } })],
    ['CRLF in ORCPT', changedRecipient({ parameters: { notify: [], orcpt: 'rfc822;kim\r\nDATA' } })],
    ['an ORCPT without a type', changedRecipient({ parameters: { notify: [], orcpt: 'kim@example.org' } })],
    ['an ORCPT of 600 octets', changedRecipient({ parameters: { notify: [], orcpt: `rfc822;${'x'.repeat(600)}` } })],
    ['CRLF in ENVID', changedParameters({ envid: 'a\r\nRCPT TO:<x@y.example>' })],
    ['an ENVID of 101 octets', changedParameters({ envid: 'x'.repeat(101) })],
    ['an ENVID that is too long as xtext', changedParameters({ envid: ' '.repeat(50) })],
    ['a body type that is none', changedParameters({ body: 'BINARYMIME' })],
    ['a RET that is none', changedParameters({ ret: 'ALL' })],
    ['a status that is none', changedLast({ status: '4.0' })],
    ['a status with more text', changedLast({ status: '5.1.1\r\nAction: delivered' })],
    ['CR in a reply', changedLast({ reply: '450 later\r\nAction: delivered' })],
    ['a reply of 5000 characters', changedLast({ reply: 'x'.repeat(5000) })],
    ['an escape sequence in the name of a host', changedLast({ host: 'mx\u001b[2J' })],
    ['so many attempts', changedRecipient({ attempts: 1e12 })],
  ])('with %s is refused', (_, line) => {
    expect(readHead(line)).toEqual({ kind: 'bad', problem: expect.stringMatching(/^[^\p{Cc}]+$/u) })
  })

  it('names the field that is wrong', () => {
    expect(readHead(changedRecipient({ reversePath: smuggled }))).toEqual({
      kind: 'bad',
      problem: 'recipients.0.reversePath: not a mailbox',
    })
  })

  const headOf = (line: string) => {
    const read = readHead(line)
    return read.kind === 'head' ? read.head : read.problem
  }

  it('drops unknown fields', () => {
    expect(headOf(changed({ recipients: [{ ...sample.recipients[0], id: 7 }], extra: 1 }))).toMatchObject({
      recipients: [expect.not.objectContaining({ id: 7 })],
    })
  })

  it('stores addresses and next hops in their normal form', () => {
    const changes = { address: '"kim"@EXAMPLE.org', nextHop: 'smtp:Example.net' }
    expect(headOf(changedRecipient(changes))).toMatchObject({
      recipients: [{ address: 'kim@example.org', nextHop: 'mx:example.net' }],
    })
  })

  it('takes a reply class that only a newer node knows for none', () => {
    expect(headOf(changedLast({ replyClass: 'from-the-future' }))).toMatchObject({
      recipients: [{ last: { replyClass: null, status: '4.0.0' } }],
    })
  })

  it('replaces control characters in the history, which another log allowed', () => {
    const event = {
      kind: 'failed',
      at: 1,
      queueId: 'ABCDEF012345',
      reply: 'a\nb\r\u001b[2J\u2028',
      steps: ['x\u0000'],
    }
    expect(headOf(changed({ history: [{ at: 1, events: [event] }] }))).toMatchObject({
      history: [{ events: [{ reply: 'a\nb\ufffd\ufffd[2J\ufffd', steps: ['x\ufffd'] }] }],
    })
  })
})
