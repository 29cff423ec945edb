import { expect, it } from 'vitest'
import type { Config } from '../config/config.ts'
import { hasVerifiedWay, verifiedWay } from './verified-way.ts'

interface More {
  readonly delivery?: object
  readonly role?: object
}

const configOf = (ca: boolean, destinations: Readonly<Record<string, unknown>> = {}, more: More = {}) =>
  ({
    peers: { srs: [{ host: 'srs.example.org' }] },
    tls: ca ? { ca: 'PEM' } : {},
    delivery: { tls: 'may', mandatory_tls: [], destinations, ...more.delivery },
    role: { internet: 'always', ...more.role },
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

it('is to domains that can publish how they are verified, unless the role sends nothing to the internet', () => {
  const delivery = { tls: 'dane' }
  const config = configOf(false, { 'x.example': { tls: 'may' } }, { delivery })
  expect(['mx:other.example', 'mx:x.example', 'smtp:[relay.example]:587'].map(verifiedWay(config))).toEqual([
    true,
    false,
    false,
  ])
  expect(hasVerifiedWay(config)).toBe(true)
  expect(hasVerifiedWay(configOf(false, {}, { delivery, role: { internet: 'never' } }))).toBe(false)
})
