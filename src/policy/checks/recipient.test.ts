import { describe, expect, test } from 'vitest'
import { recipientFacts, runCheck } from '../../../test/lib/check-facts.ts'
import type { Destination, Resolution } from '../../route/resolution.ts'
import { refusal } from '../../smtp/reply.ts'
import { recipientCheck } from './recipient.ts'
import type { RecipientSettings } from './recipient.ts'

function to(nextHop: string): Resolution {
  const destination: Destination = {
    recipient: 'kim@home.example.net',
    mailbox: 'kim@home.example.net',
    original: 'kim@example.org',
    reversePath: null,
    nextHop,
    private: true,
    via: [],
  }
  return { kind: 'destinations', destinations: [destination] }
}

function check(
  resolution: Resolution,
  internet: RecipientSettings['internet'],
  sender: string | null = 'ann@s.example',
) {
  const router = { resolve: async () => resolution }
  return runCheck(recipientCheck({ router, internet, destinations: null }), 'rcpt', recipientFacts({ sender }))
}

describe('where mail may leave to', () => {
  test('with `bounces` only the null sender may send to the internet', async () => {
    const resolution = to('mx:home.example.net')
    expect((await check(resolution, 'bounces')).verdict).toMatchObject({
      kind: 'defer',
      reply: { code: 451, enhanced: '4.3.5' },
    })
    expect((await check(resolution, 'bounces', null)).verdict.kind).toBe('accept')
  })

  test('peers, transports and sockets are allowed in every role', async () => {
    for (const hop of ['peers:srs', 'smtp:[list-01.example.org]:25', 'lmtp:unix:/run/list.sock'])
      expect((await check(to(hop), 'never')).verdict.kind).toBe('accept')
  })

  test('`always` allows the internet', async () => {
    expect((await check(to('mx:home.example.net'), 'always')).verdict.kind).toBe('accept')
  })
})

test('REQUIRETLS is refused where the next hop does not keep it (RFC 8689)', async () => {
  const ask = (hop: string, requireTls: boolean) => {
    const router = { resolve: async () => to(hop) }
    const keepsTls = (nextHop: string) => nextHop === 'peers:srs'
    const one = recipientCheck({ router, internet: 'always', keepsTls, destinations: null })
    return runCheck(one, 'rcpt', recipientFacts({ requireTls }))
  }
  expect((await ask('peers:srs', true)).verdict.kind).toBe('accept')
  expect((await ask('mx:home.example.net', false)).verdict.kind).toBe('accept')
  expect((await ask('mx:home.example.net', true)).verdict).toMatchObject({
    kind: 'reject',
    reply: { code: 550, enhanced: '5.7.30' },
  })
})

test('refusals of routing are passed on unchanged, temporary or permanent', async () => {
  const unknown = refusal(550, '5.1.1', 'No such address here')
  const down = refusal(451, '4.3.0', 'Look-up failed')
  expect((await check({ kind: 'refused', reply: unknown, via: [] }, 'always')).verdict).toEqual({
    kind: 'reject',
    reply: unknown,
  })
  expect((await check({ kind: 'unavailable', reply: down, via: [] }, 'always')).verdict).toEqual({
    kind: 'defer',
    reply: down,
  })
})

test('the finding has the resolution', async () => {
  const discard: Resolution = { kind: 'discard', reason: 'unused address', via: [] }
  expect(await check(discard, 'never')).toEqual({ verdict: { kind: 'accept' }, resolution: discard })
})
