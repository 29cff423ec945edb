// What the hooks themselves decide: whose wrong SRS addresses are counted, and what the ledger hears of a message that was cut short.

import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createSrsGuesses } from '../policy/checks/srs-hash-throttle.ts'
import type { Transaction } from '../server/server-hooks.ts'
import { type InterruptionKind, MessageInterrupted } from '../server/interruption.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import type { Origin } from '../smtp/origin.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import { createHooks } from './session-hooks.ts'
import type { HookParts } from './session-hooks.ts'

const bounce: Transaction = { reversePath: null, parameters: plainMail, recipients: [] }
const guess = { forwardPath: 'SRS0=aaaa=BB=stranger.example=ann@srs.example.org', parameters: plainRecipient }

/** Hooks of a node where every SRS address is wrong. */
function hooksOf() {
  const clock = createFakeClock()
  const wrong = refusal(550, '5.1.1', 'No such address here', 'SRS: wrong hash')
  return createHooks({
    clock,
    guesses: createSrsGuesses(clock),
    rejections: { seen: (_session: unknown, _stage: unknown, verdict: unknown) => verdict },
    recipient: { internet: 'bounces', router: { resolve: async () => ({ kind: 'refused', reply: wrong, via: [] }) } },
  } as unknown as HookParts)
}

async function codeAfterGuesses(origin: Origin): Promise<number | null> {
  const hooks = hooksOf()
  const session = { id: 's1', remoteIp: '198.51.100.7', origin } as Session
  for (let i = 0; i < 30; i++) await hooks.rcpt(session, bounce, guess)
  const verdict = await hooks.rcpt(session, bounce, guess)
  return verdict.kind === 'accept' ? null : verdict.reply.code
}

test('a stranger who guesses at SRS addresses has to wait', async () => {
  expect(await codeAfterGuesses({ kind: 'internet' })).toBe(450)
})

test.each<Origin>([
  { kind: 'peer', role: 'submission', vouched: 'nothing' },
  { kind: 'user', identity: 'lee' },
  { kind: 'machine', identity: 'web-01' },
])('$kind is never made to wait: one bad sender behind it would stop everybody else', async (origin) => {
  expect(await codeAfterGuesses(origin)).toBe(550)
})

/** Hooks of which only the notes of refusals matter. */
function noting() {
  const noted: string[] = []
  const hooks = createHooks({
    queue: {},
    messageSize: 1000,
    bareNewline: 'reject',
    rejections: {
      seen: (_session: unknown, stage: string, { reply }: { reply: Refusal }, envelope: { recipient?: string } = {}) =>
        void noted.push(`${stage} ${envelope.recipient ?? 'nobody'}: ${reply.code} ${reply.enhanced}`),
    },
  } as unknown as HookParts)
  return { hooks, noted }
}

const stranger = { id: 's1', remoteIp: '198.51.100.7', origin: { kind: 'internet' } } as Session

test('a refused message is in the ledger under each of its recipients, so that each of them can be told', async () => {
  const { hooks, noted } = noting()
  const recipients = ['kim@example.org', 'lee@example.org'].map((forwardPath) => ({
    forwardPath,
    parameters: plainRecipient,
    resolution: null,
  }))
  const message = new PassThrough()
  message.end('Subject: a bare\nnewline\r\n')
  expect(await hooks.data(stranger, { ...bounce, recipients }, message)).toMatchObject({ code: 550 })
  expect(noted).toEqual(['data kim@example.org: 550 5.5.2', 'data lee@example.org: 550 5.5.2'])
})

test('a list of a thousand that is refused does not fill the ledger', async () => {
  const { hooks, noted } = noting()
  const recipients = Array.from({ length: 1000 }, (_, i) => ({
    forwardPath: `list-${i}@example.org`,
    parameters: plainRecipient,
    resolution: null,
  }))
  const message = new PassThrough()
  message.end('Subject: a bare\nnewline\r\n')
  await hooks.data(stranger, { ...bounce, recipients }, message)
  expect(noted).toHaveLength(5)
})

test.each<[InterruptionKind, string]>([
  ['too-large', '552 5.3.4'],
  ['too-slow', '421 4.4.2'],
  ['shutdown', '421 4.3.2'],
  ['disconnected', '451 4.4.2'],
])('a message that ends early, %s, is in the ledger as what the client heard', async (kind, said) => {
  const { hooks, noted } = noting()
  const transaction = { ...bounce, recipients: [{ ...guess, resolution: null }] }
  const message = new PassThrough()
  message.on('error', () => {})
  message.write('Subject: x\r\n')
  const replied = hooks.data(stranger, transaction, message)
  message.destroy(new MessageInterrupted(kind))
  expect(`${(await replied).code}`).toBe(said.slice(0, 3))
  expect(noted).toEqual([`data ${guess.forwardPath}: ${said}`])
})
