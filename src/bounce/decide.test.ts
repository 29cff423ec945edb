// Which notices are sent: origin, proof of the sender, NOTIFY, reports to the operator.

import { describe, expect, it } from 'vitest'
import type { Notify } from '../smtp/envelope.ts'
import type { Origin } from '../smtp/origin.ts'
import type { NoticeRecipient, StoredMessage } from '../queue/contract/queue.ts'
import { decide, type Decision, type Notice } from './decide.ts'

interface Situation {
  readonly sender?: string | null
  readonly proven?: boolean
  readonly origin?: Origin
  readonly notify?: readonly Notify[]
  readonly nextHop?: string
  readonly doubleBounces?: boolean
  readonly header?: string
}

function decision(notice: Notice, situation: Situation = {}): Decision {
  const { sender = 'kim@example.net', proven = true, origin = { kind: 'internet' }, notify = [] } = situation
  const { nextHop = 'mx:example.com' } = situation
  const { doubleBounces = false, header = '' } = situation
  const message = { sender, senderProven: proven, origin, header: Buffer.from(header) } as StoredMessage
  const recipient = { parameters: { notify, orcpt: null }, nextHop } as unknown as NoticeRecipient
  return decide(message, notice, { recipient, settings: { doubleBounces } })
}

function outcome(notice: Notice, situation: Situation = {}): string {
  const found = decision(notice, situation)
  return found.kind === 'notify' ? found.action : `skip: ${found.reason}`
}

describe('the sender', () => {
  it('gets no notice if it is the null sender', () => {
    for (const notice of ['failed', 'delayed', 'delivered'] as const) {
      expect(outcome(notice, { sender: null, notify: ['SUCCESS', 'FAILURE', 'DELAY'] })).toBe('skip: null sender')
    }
  })

  it('gets no notice if it is not proven and the message came from the internet', () => {
    expect(outcome('failed', { proven: false })).toBe('skip: sender not proven')
    expect(outcome('failed', { proven: true })).toBe('failed')
  })

  it('gets a notice for a message of a peer only if the peer vouches for it', () => {
    const peer = (vouched: 'nothing' | 'sender-pass' | 'dmarc-pass' | 'authenticated') =>
      ({ kind: 'peer', role: 'mx', vouched }) as const
    expect(outcome('failed', { origin: peer('nothing') })).toBe('skip: sender not proven')
    for (const vouched of ['sender-pass', 'dmarc-pass', 'authenticated'] as const) {
      expect(outcome('failed', { origin: peer(vouched) })).toBe('failed')
      expect(outcome('failed', { origin: peer(vouched), proven: false })).toBe('skip: sender not proven')
    }
  })

  it('always gets a notice if it authenticated or is local', () => {
    for (const origin of [
      { kind: 'user', identity: 'kim' },
      { kind: 'machine', identity: 'web' },
      { kind: 'local' },
    ] as const) {
      expect(outcome('failed', { origin, proven: false })).toBe('failed')
    }
  })
})

describe('NOTIFY (RFC 3461 section 4.1)', () => {
  it.each([
    [[], 'failed', 'failed'],
    [[], 'delayed', 'delayed'],
    [[], 'delivered', 'skip: NOTIFY='],
    [['NEVER'], 'failed', 'skip: NOTIFY=NEVER'],
    [['NEVER'], 'delayed', 'skip: NOTIFY=NEVER'],
    [['FAILURE'], 'failed', 'failed'],
    [['FAILURE'], 'delayed', 'skip: NOTIFY=FAILURE'],
    [['DELAY'], 'delayed', 'delayed'],
    [['DELAY'], 'failed', 'skip: NOTIFY=DELAY'],
    [['SUCCESS'], 'delivered', 'relayed'],
    [['SUCCESS'], 'failed', 'skip: NOTIFY=SUCCESS'],
    [['SUCCESS', 'FAILURE'], 'failed', 'failed'],
  ] as const)('%j, %s: %s', (notify, notice, expected) => {
    expect(outcome(notice, { notify })).toBe(expected)
  })
})

describe('success', () => {
  it('is final over LMTP', () => {
    expect(outcome('delivered', { notify: ['SUCCESS'], nextHop: 'lmtp:unix:/run/x' })).toBe('delivered')
  })
})

describe('the operator', () => {
  const asked = { sender: null, doubleBounces: true }

  it('gets reports about failed messages with the null sender, if configured', () => {
    expect(decision('failed', asked)).toEqual({ kind: 'notify', to: 'operator', action: 'failed' })
    expect(decision('failed', { ...asked, doubleBounces: false })).toEqual({ kind: 'skip', reason: 'null sender' })
  })

  it('gets no report about delays, deliveries and messages with a sender', () => {
    for (const notice of ['delayed', 'delivered', 'expanded'] as const)
      expect(outcome(notice, { ...asked, notify: ['SUCCESS', 'DELAY'] })).toBe('skip: null sender')
    expect(decision('failed', { doubleBounces: true })).toMatchObject({ to: 'sender' })
    expect(outcome('failed', { doubleBounces: true, proven: false })).toBe('skip: sender not proven')
  })

  it('gets no report about operator reports, which would never end', () => {
    const header = 'Subject: x\r\nX-Waypost-Report: double-bounce\r\n\r\n'
    expect(outcome('failed', { ...asked, header })).toBe('skip: operator report')
  })
})

it('an expansion is reported only if the sender asked for success', () => {
  expect(outcome('expanded', { notify: ['SUCCESS', 'FAILURE'] })).toBe('expanded')
  expect(outcome('expanded', { notify: ['FAILURE'] })).toBe('skip: NOTIFY=FAILURE')
})
