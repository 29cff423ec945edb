import { expect, it } from 'vitest'
import type { Config } from '../config/config.ts'
import { hasVerifiedWay, verifiedWay } from './verified-way.ts'

const configOf = (ca: boolean, destinations: Readonly<Record<string, unknown>> = {}) =>
  ({
    peers: { srs: [{ host: 'srs.example.org' }] },
    tls: ca ? { ca: 'PEM' } : {},
    delivery: { tls: 'may', mandatory_tls: [], destinations },
  }) as unknown as Config

const verified = { tls: 'verify' }

it('is to peers with a common CA', () => {
  expect([verifiedWay(configOf(true))('peers:srs'), verifiedWay(configOf(false))('peers:srs')]).toEqual([true, false])
  expect([hasVerifiedWay(configOf(true)), hasVerifiedWay(configOf(false))]).toEqual([true, false])
})

it('is to destinations whose rule verifies their certificate, and not to others', () => {
  const config = configOf(false, {
    'safe.example': verified,
    'smtp:[relay.example]:587': verified,
    'x.example': { tls: 'encrypt' },
  })
  const hops = [
    'mx:safe.example',
    'smtp:[relay.example]:587',
    'mx:x.example',
    'mx:other.example',
    'lmtp:unix:/run/x',
    '?',
  ]
  expect(hops.map(verifiedWay(config))).toEqual([true, true, false, false, false, false])
  expect(hasVerifiedWay(config)).toBe(true)
})
