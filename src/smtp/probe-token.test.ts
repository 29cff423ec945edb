import { describe, expect, test } from 'vitest'
import { makeProbeId, PROBE_AGE_MS, type ProbeToken, readProbeId } from './probe-token.ts'

const secret = 'a secret only for tests'
const now = Date.parse('2026-11-30T03:00:00Z')
const token: ProbeToken = {
  origin: 'mx-01.example.org',
  isReturning: true,
  target: 'google',
  sentAt: now - 5000,
  id: '0123456789abcdef',
}

test('a node reads what another one wrote, also with an older secret and in other case', () => {
  const written = makeProbeId(token, secret)
  expect(written).toMatch(/^<probe\.1\.b\.google\.\w+\.0123456789abcdef\.[0-9a-f]{32}@mx-01\.example\.org>$/)
  expect(readProbeId(written, [secret], now)).toEqual(token)
  const oneWay = { ...token, isReturning: false }
  expect(readProbeId(makeProbeId(oneWay, secret), [secret], now)).toEqual(oneWay)
  expect(readProbeId(written.toUpperCase(), ['another secret', secret], now)).toEqual(token)
})

describe('nothing else is a probe', () => {
  const written = makeProbeId(token, secret)
  test.each([
    ['another secret', written, ['b'.repeat(20)]],
    ['no secret', written, []],
    ['another node', written.replace('mx-01', 'mx-02'), [secret]],
    ['another way', written.replace('.b.', '.o.'), [secret]],
    ['another target', written.replace('google', 'apple'), [secret]],
    ['another ID', written.replace('0123456789abcdef', '0123456789abcdee'), [secret]],
    ['another MAC', written.replace(/.@/, (end) => (end === '0@' ? '1@' : '0@')), [secret]],
    ['a shorter MAC', written.replace(/.@/, '@'), [secret]],
    ['a Message-ID of a stranger', '<1@stranger.example>', [secret]],
    ['the form without content', '<probe.1@mx-01.example.org>', [secret]],
  ])('%s', (_, messageId, secrets) => expect(readProbeId(messageId, secrets, now)).toBeNull())

  test('one that is too old, or from the future', () => {
    for (const sentAt of [now - PROBE_AGE_MS - 1, now + 7_200_000])
      expect(readProbeId(makeProbeId({ ...token, sentAt }, secret), [secret], now)).toBeNull()
    expect(readProbeId(null, [secret], now)).toBeNull()
  })
})
