// What the hooks themselves decide: whose wrong SRS addresses are counted, and what the ledger hears of a message that was cut short.

import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createSrsGuesses } from '../policy/srs-guesses.ts'
import type { Transaction } from '../server/hooks.ts'
import { type InterruptionKind, MessageInterrupted } from '../server/interruption.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import type { Origin } from '../smtp/origin.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import { createHooks } from './hooks.ts'
import type { HookParts } from './hooks.ts'

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

test.each<[InterruptionKind, string]>([
  ['too-large', '552 5.3.4'],
  ['too-slow', '421 4.4.2'],
  ['shutdown', '421 4.3.2'],
  ['disconnected', '451 4.4.2'],
])('a message that ends early, %s, is in the ledger as what the client heard', async (kind, said) => {
  const noted: string[] = []
  const hooks = createHooks({
    queue: {},
    messageSize: 1000,
    rejections: {
      seen: (_session: unknown, stage: string, { reply }: { reply: Refusal }) =>
        void noted.push(`${stage}: ${reply.code} ${reply.enhanced}`),
    },
  } as unknown as HookParts)
  const message = new PassThrough()
  message.on('error', () => {})
  message.write('Subject: x\r\n')
  const session = { id: 's1', remoteIp: '198.51.100.7', origin: { kind: 'internet' } } as Session
  const replied = hooks.data(session, bounce, message)
  message.destroy(new MessageInterrupted(kind))
  expect(`${(await replied).code}`).toBe(said.slice(0, 3))
  expect(noted).toEqual([`data: ${said}`])
})
