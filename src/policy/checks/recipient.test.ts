import { describe, expect, test } from 'vitest'
import type { Destination, Resolution, Router } from '../../route/resolution.ts'
import { refusal } from '../../smtp/reply.ts'
import { checkRecipient } from './recipient.ts'

const request = {
  forwardPath: 'kim@example.org',
  reversePath: 'ann@stranger.example',
  origin: { kind: 'internet' } as const,
  at: 0,
}

function to(nextHop: string): Resolution {
  const destination: Destination = {
    recipient: 'kim@home.example.net',
    original: 'kim@example.org',
    reversePath: null,
    nextHop,
    private: true,
    via: [],
  }
  return { kind: 'destinations', destinations: [destination] }
}

function router(resolution: Resolution): Router {
  return { resolve: async () => resolution, isOurs: () => true, maySendAs: async () => ({ kind: 'no', allowed: [] }) }
}

describe('where mail may leave to', () => {
  test('an mx sends nothing to the internet but bounces', async () => {
    const settings = { router: router(to('mx:home.example.net')), internet: 'bounces' } as const
    expect(await checkRecipient(settings, request)).toMatchObject({
      kind: 'defer',
      reply: { code: 451, enhanced: '4.3.5' },
    })
    expect((await checkRecipient(settings, { ...request, reversePath: null })).kind).toBe('accept')
  })

  test('peers, transports and sockets are ours, whatever the role', async () => {
    for (const hop of ['peers:srs', 'smtp:[list-01.example.org]:25', 'lmtp:unix:/run/list.sock'])
      expect((await checkRecipient({ router: router(to(hop)), internet: 'never' }, request)).kind).toBe('accept')
  })

  test('always is always', async () => {
    expect(
      (await checkRecipient({ router: router(to('mx:home.example.net')), internet: 'always' }, request)).kind,
    ).toBe('accept')
  })
})

test('routing’s refusals are passed on as they are, temporary or not', async () => {
  const gone = refusal(550, '5.1.1', 'No such address here')
  const down = refusal(451, '4.3.0', 'Look-up failed')
  expect(
    await checkRecipient({ router: router({ kind: 'refused', reply: gone, via: [] }), internet: 'always' }, request),
  ).toEqual({ kind: 'reject', reply: gone })
  expect(
    await checkRecipient(
      { router: router({ kind: 'unavailable', reply: down, via: [] }), internet: 'always' },
      request,
    ),
  ).toEqual({ kind: 'defer', reply: down })
})

test('the resolution travels with the verdict', async () => {
  const discard: Resolution = { kind: 'discard', reason: 'nobody reads this', via: [] }
  expect(await checkRecipient({ router: router(discard), internet: 'never' }, request)).toEqual({
    kind: 'accept',
    resolution: discard,
  })
})
