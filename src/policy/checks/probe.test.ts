import { expect, test } from 'vitest'
import { readFields } from '../../message/header.ts'
import { PROBE_HOP } from '../../smtp/nexthop.ts'
import { makeProbeId } from '../../smtp/probe-token.ts'
import type { Mail } from '../check.ts'
import { probeCheck } from './probe.ts'

const secret = 'a secret only for tests'
const at = Date.parse('2026-11-30T03:00:00Z')
const token = {
  origin: 'mx-01.example.org',
  isReturning: true,
  target: 'google',
  sentAt: at - 1000,
  id: '0123456789abcdef',
}

const mailWith = (messageId: string, nextHop: string = PROBE_HOP) =>
  ({
    at,
    fields: readFields(Buffer.from(`Message-ID: ${messageId}\r\n\r\n`)),
    resolutions: [{ kind: 'destinations', destinations: [{ nextHop: 'mx:a.example' }, { nextHop }] }],
  }) as unknown as Mail

test('only probes of the fleet are accepted at the address for probes', async () => {
  const { message } = probeCheck([secret])
  expect(await message?.(mailWith(makeProbeId(token, secret)))).toEqual({ verdict: { kind: 'accept' } })
  for (const messageId of [makeProbeId(token, 'another secret'), '<1@stranger.example>'])
    expect(await message?.(mailWith(messageId))).toMatchObject({
      verdict: { kind: 'reject', reply: { code: 550, enhanced: '5.7.1' } },
    })
})

test('other mail is no matter of it', async () => {
  const { message } = probeCheck([secret])
  expect(await message?.(mailWith('<1@stranger.example>', 'peers:srs'))).toEqual({ verdict: { kind: 'accept' } })
  expect(probeCheck(null).message).toBeUndefined()
})
