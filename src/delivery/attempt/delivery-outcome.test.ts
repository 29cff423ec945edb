// Replies and errors at every phase: the outcome of the recipient.

import { describe, expect, it } from 'vitest'
import { type AttemptFacts, outcomeOf } from './delivery-outcome.ts'
import type { Phase, DeliveryError } from '../smtp-client/transport.ts'

const facts: AttemptFacts = {
  host: 'mx[192.0.2.1]:25',
  tls: { level: 'encrypted', policy: 'may', protocol: 'TLSv1.3' },
  dsnPassedOn: true,
  lmtp: false,
  recipients: 1,
}

function refused(phase: Phase, code: number, enhanced = '', lmtp = false): string {
  const verbatim = `${code} ${enhanced} text`
  const outcome = outcomeOf({ kind: 'refused', phase, reply: { code, enhanced, verbatim } }, { ...facts, lmtp })
  if (outcome.kind === 'delivered') return 'delivered'
  expect(outcome).toMatchObject({ reply: verbatim, host: facts.host, tls: facts.tls })
  return `${outcome.kind} ${outcome.scope} ${outcome.status}`
}

describe('accepted', () => {
  it('is delivered, with the status of the peer or 2.0.0', () => {
    const reply = { code: 250, enhanced: '2.6.0', verbatim: '250 2.6.0 queued as X' }
    expect(outcomeOf({ kind: 'accepted', reply }, facts)).toEqual({
      kind: 'delivered',
      dsnPassedOn: true,
      reply: '250 2.6.0 queued as X',
      status: '2.6.0',
      host: facts.host,
      tls: facts.tls,
    })
    expect(outcomeOf({ kind: 'accepted', reply: { ...reply, enhanced: '' } }, facts)).toMatchObject({ status: '2.0.0' })
  })
})

describe('refused', () => {
  it.each([
    ['greeting', 554, '', 'deferred site 4.0.0'],
    ['greeting', 554, '5.7.1', 'deferred site 4.7.1'],
    ['greeting', 450, '4.7.1', 'deferred site 4.7.1'],
    ['greeting', 421, '4.3.2', 'deferred session 4.3.2'],
    ['ehlo', 550, '', 'deferred site 4.0.0'],
    ['ehlo', 451, '', 'deferred site 4.0.0'],
    ['starttls', 454, '4.7.0', 'deferred site 4.7.0'],
    ['mail', 550, '5.7.1', 'failed message 5.7.1'],
    ['mail', 451, '4.7.1', 'deferred message 4.7.1'],
    ['mail', 421, '', 'deferred session 4.0.0'],
    ['rcpt', 550, '5.1.1', 'failed recipient 5.1.1'],
    ['rcpt', 550, '', 'failed recipient 5.0.0'],
    ['rcpt', 450, '4.2.0', 'deferred recipient 4.2.0'],
    ['rcpt', 452, '4.5.3', 'deferred recipient 4.5.3'],
    ['rcpt', 552, '', 'deferred recipient 4.0.0'],
    ['rcpt', 552, '5.5.3', 'deferred recipient 4.5.3'],
    ['rcpt', 552, '5.2.2', 'failed recipient 5.2.2'],
    ['rcpt', 550, '5.5.3', 'deferred recipient 4.5.3'],
    ['rcpt', 554, '5.5.3', 'deferred recipient 4.5.3'],
    ['rcpt', 554, '', 'failed recipient 5.0.0'],
    ['data', 554, '5.5.3', 'failed message 5.5.3'],
    ['data', 554, '5.7.1', 'failed message 5.7.1'],
    ['data', 451, '', 'deferred message 4.0.0'],
    ['dot', 550, '5.7.26', 'failed message 5.7.26'],
    ['dot', 552, '', 'failed message 5.0.0'],
    ['dot', 451, '4.7.650', 'deferred message 4.7.650'],
    ['dot', 421, '4.7.28', 'deferred session 4.7.28'],
    ['body', 552, '5.3.4', 'failed message 5.3.4'],
  ] as const)('at %s with %i %s: %s', (phase, code, enhanced, expected) => {
    expect(refused(phase, code, enhanced)).toBe(expected)
  })

  it('because of too many recipients is no failure of one of them', () => {
    const reply = { code: 554, enhanced: '5.5.3', verbatim: '554 5.5.3 too many recipients' }
    const outcome = outcomeOf({ kind: 'refused', phase: 'dot', reply }, { ...facts, recipients: 2 })
    expect(outcome).toMatchObject({ kind: 'deferred', scope: 'message', status: '4.5.3' })
  })

  it('concerns one recipient after LMTP data', () => {
    expect(refused('dot', 552, '5.2.2', true)).toBe('failed recipient 5.2.2')
    expect(refused('dot', 450, '4.2.2', true)).toBe('deferred recipient 4.2.2')
  })
})

describe('lost', () => {
  it.each([
    ['connect', 'site', '4.4.1', 'Connection failed: x'],
    ['greeting', 'site', '4.4.2', 'Connection lost while waiting for the greeting: x'],
    ['tls', 'site', '4.7.5', 'Connection lost in the TLS handshake: x'],
    ['mail', 'session', '4.4.2', 'Connection lost at MAIL FROM: x'],
    [
      'dot',
      'session',
      '4.4.2',
      'Connection lost while waiting for the reply to the message: x (the server may have accepted the message)',
    ],
  ] as const)('at %s', (phase, scope, status, reply) => {
    const error: DeliveryError = { kind: 'lost', phase, cause: 'x', silent: false }
    expect(outcomeOf(error, facts)).toMatchObject({ kind: 'deferred', scope, status, reply, retryAt: null })
  })
})

describe('decisions of the client', () => {
  it('fail by class 5 and defer by class 4', () => {
    expect(outcomeOf({ kind: 'unsupported', scope: 'message', status: '5.6.3', text: 't' }, facts)).toMatchObject({
      kind: 'failed',
      scope: 'message',
    })
    expect(outcomeOf({ kind: 'unsupported', scope: 'site', status: '4.7.4', text: 't' }, facts)).toMatchObject({
      kind: 'deferred',
      scope: 'site',
    })
  })

  it('defer after protocol errors and read errors', () => {
    expect(outcomeOf({ kind: 'protocol-error', phase: 'data', cause: 'x' }, facts)).toMatchObject({
      kind: 'deferred',
      status: '4.5.0',
      scope: 'session',
    })
    expect(outcomeOf({ kind: 'unreadable', cause: 'EIO' }, facts)).toMatchObject({
      kind: 'deferred',
      status: '4.3.0',
      scope: 'message',
    })
  })
})
