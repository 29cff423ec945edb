// Who is told: origin, proof, NOTIFY and the next server's promise.

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
  return found.kind === 'tell' ? found.action : `silent: ${found.reason}`
}

describe('the sender', () => {
  it('is never told if it is the null sender', () => {
    for (const notice of ['failed', 'delayed', 'delivered'] as const) {
      expect(outcome(notice, { sender: null, notify: ['SUCCESS', 'FAILURE', 'DELAY'] })).toBe('silent: null sender')
    }
  })

  it('is not told if the mail came from the internet and nothing proved it', () => {
    expect(outcome('failed', { proven: false })).toBe('silent: sender not proven')
    expect(outcome('failed', { proven: true })).toBe('failed')
  })

  it('is told by a peer only of what the peer vouched for', () => {
    const peer = (vouched: 'nothing' | 'sender-pass' | 'dmarc-pass' | 'authenticated') =>
      ({ kind: 'peer', role: 'mx', vouched }) as const
    expect(outcome('failed', { origin: peer('nothing') })).toBe('silent: sender not proven')
    for (const vouched of ['sender-pass', 'dmarc-pass', 'authenticated'] as const) {
      expect(outcome('failed', { origin: peer(vouched) })).toBe('failed')
      expect(outcome('failed', { origin: peer(vouched), proven: false })).toBe('silent: sender not proven')
    }
  })

  it('is always told if it authenticated or is ourselves', () => {
    for (const origin of [
      { kind: 'user', identity: 'kim' },
      { kind: 'machine', identity: 'web' },
      { kind: 'local' },
    ] as const) {
      expect(outcome('failed', { origin, proven: false })).toBe('failed')
    }
  })
})

describe('NOTIFY (RFC 3461 4.1)', () => {
  it.each([
    [[], 'failed', 'failed'],
    [[], 'delayed', 'delayed'],
    [[], 'delivered', 'silent: NOTIFY='],
    [['NEVER'], 'failed', 'silent: NOTIFY=NEVER'],
    [['NEVER'], 'delayed', 'silent: NOTIFY=NEVER'],
    [['FAILURE'], 'failed', 'failed'],
    [['FAILURE'], 'delayed', 'silent: NOTIFY=FAILURE'],
    [['DELAY'], 'delayed', 'delayed'],
    [['DELAY'], 'failed', 'silent: NOTIFY=DELAY'],
    [['SUCCESS'], 'delivered', 'relayed'],
    [['SUCCESS'], 'failed', 'silent: NOTIFY=SUCCESS'],
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

  it('hears of failed mail with the null sender, if he wants to', () => {
    expect(decision('failed', asked)).toEqual({ kind: 'tell', to: 'operator', action: 'failed' })
    expect(decision('failed', { ...asked, doubleBounces: false })).toEqual({ kind: 'silent', reason: 'null sender' })
  })

  it('hears nothing of its delay or delivery, nor of mail that has a sender', () => {
    for (const notice of ['delayed', 'delivered', 'expanded'] as const)
      expect(outcome(notice, { ...asked, notify: ['SUCCESS', 'DELAY'] })).toBe('silent: null sender')
    expect(decision('failed', { doubleBounces: true })).toMatchObject({ to: 'sender' })
    expect(outcome('failed', { doubleBounces: true, proven: false })).toBe('silent: sender not proven')
  })

  it('hears nothing of his own reports, or it would go on for ever', () => {
    const header = 'Subject: x\r\nX-Waypost-Report: double-bounce\r\n\r\n'
    expect(outcome('failed', { ...asked, header })).toBe("silent: the operator's own report")
  })
})

it('an expansion is told only to who asked for success', () => {
  expect(outcome('expanded', { notify: ['SUCCESS', 'FAILURE'] })).toBe('expanded')
  expect(outcome('expanded', { notify: ['FAILURE'] })).toBe('silent: NOTIFY=FAILURE')
})
