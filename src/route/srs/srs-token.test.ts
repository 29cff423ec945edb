import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Directory } from '../../directory/directory.ts'
import type { Origin } from '../../smtp/origin.ts'
import { createRouter } from '../router.ts'
import type { RouterSettings, SrsRole } from '../router-settings.ts'
import { decodeSrs } from './srs.ts'
import { encodeToken, tokenIn } from './srs-token.ts'
import type { TokenStore } from './srs-token.ts'
import { openTokenDatabase } from './token-database.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 21)
const settings = { domain: 'srs.example.org', secrets: ['s'] }
const sender = `${'a'.repeat(50)}.bounces+news=${'b'.repeat(8)}@long-name.far.example`

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'token-'))
})
afterEach(() => rm(folder, { recursive: true }))

const store = () => {
  const settings = { path: join(folder, 'tokens.db'), earlierPath: join(folder, 'tokens'), maxAgeDays: 21 }
  return openTokenDatabase({ ...settings, capacity: 1000 }, NOW)
}

describe('encodeToken', () => {
  it('makes a short address, equal on each day for one sender, and stores the sender first', async () => {
    const file = await store()
    const made = await encodeToken(sender, NOW, settings, file)
    expect(made).toMatchObject({ address: expect.stringMatching(/^SRS0=.{4}=..=1=[0-9a-v]{32}@srs\.example\.org$/) })
    expect(await encodeToken(sender, NOW + 1000, settings, file)).toEqual(made)
    const decoded = decodeSrs(made.kind === 'rewritten' ? made.address.toLowerCase() : '', NOW, settings)
    const token = tokenIn(decoded)
    expect(token).not.toBeNull()
    expect(await file.find(token ?? '')).toBe(sender)
    expect(await file.find('0'.repeat(32))).toBeNull()
    await file.close()
  })

  it('gives unavailable, not too-long, if the disk fails', async () => {
    const broken: TokenStore = { keep: () => Promise.reject(new Error('ENOSPC')), find: () => Promise.resolve(null) }
    expect(await encodeToken(sender, NOW, settings, broken)).toEqual({
      kind: 'unavailable',
      cause: 'SRS token store: Error: ENOSPC',
    })
  })

  it('finds no token in ordinary addresses', () => {
    expect(tokenIn({ kind: 'not-srs' })).toBeNull()
    expect(tokenIn({ kind: 'decoded', address: 'a@far.example', scheme: 'SRS0' })).toBeNull()
    expect(tokenIn({ kind: 'decoded', address: 'short@1', scheme: 'SRS0' })).toBeNull()
  })
})

describe('a fleet', () => {
  const directory: Directory = {
    mainDomain: 'example.org',
    rewrites: [],
    domains: new Map(),
    domain: (name) => (name === 'example.org' ? { source: 'configuration' } : undefined),
    find: (key) =>
      key === 'kim@example.org'
        ? {
            kind: 'found',
            value: { forward: { targets: [{ local: 'kim', domain: 'home.example.net' }], source: 'm:1' } },
          }
        : { kind: 'absent' },
    grants: () => ({ kind: 'absent' }),
  }
  const router = (srs: SrsRole, more: Partial<RouterSettings> = {}) =>
    createRouter({ forwards: 'resolve', own: 'resolve', relayFor: [], srs, ...more }, () => directory)
  const peer: Origin = { kind: 'peer', role: 'mx', vouched: 'nothing' }

  it('the srs node writes a token, the mx relays its bounce there, and the sender gets it', async () => {
    const file = await store()
    const srsNode = router({ ...settings, reverse: false, rewrite: true, tokens: file })
    const out = await srsNode.resolve({ forwardPath: 'kim@example.org', reversePath: sender, origin: peer, at: NOW })
    const address = out.kind === 'destinations' ? (out.destinations[0]?.reversePath ?? '') : ''
    expect(address.length).toBeLessThan(64 + 17)

    const mx = router({ ...settings, reverse: true, rewrite: false })
    const bounce = { forwardPath: address, reversePath: null, at: NOW + DAY }
    expect(await mx.resolve({ ...bounce, origin: { kind: 'internet' } })).toMatchObject({
      destinations: [{ recipient: address, nextHop: 'peers:srs' }],
    })
    expect(await srsNode.resolve({ ...bounce, origin: peer })).toMatchObject({
      destinations: [{ recipient: sender, nextHop: 'mx:long-name.far.example', reversePath: null }],
    })
    expect(
      await mx.resolve({ ...bounce, forwardPath: address.replace('=1=', '=2='), origin: { kind: 'internet' } }),
    ).toMatchObject({
      reply: { enhanced: '5.1.1' },
    })
    await file.close()

    const other = router(
      {
        ...settings,
        reverse: false,
        rewrite: true,
        tokens: { keep: () => Promise.resolve(true), find: () => Promise.resolve(null) },
      },
      { unknownFromPeer: 'defer' },
    )
    expect(await other.resolve({ ...bounce, origin: peer })).toMatchObject({
      kind: 'unavailable',
      reply: { code: 450 },
    })
  })

  it('a failed store defers the message and the bounce, and so does a full one', async () => {
    const request = { forwardPath: 'kim@example.org', reversePath: sender, origin: peer, at: NOW }
    const srs = { ...settings, reverse: false, rewrite: true }
    const find = () => Promise.resolve(null)
    const broken = router({ ...srs, tokens: { keep: () => Promise.reject(new Error('EIO')), find } })
    expect(await broken.resolve(request)).toMatchObject({ kind: 'unavailable', reply: { code: 451 } })
    const full = router({ ...srs, tokens: { keep: () => Promise.resolve(false), find } })
    expect(await full.resolve(request)).toMatchObject({ kind: 'unavailable', reply: { code: 451 } })
    const none = router(srs)
    expect(await none.resolve(request)).toMatchObject({ kind: 'unavailable', reply: { code: 451 } })
    const unreadable = { keep: () => Promise.resolve(true), find: () => Promise.reject(new Error('EIO')) }
    const blind = router({ ...srs, tokens: unreadable })
    const made = await encodeToken(sender, NOW, settings, unreadable)
    const forwardPath = made.kind === 'rewritten' ? made.address : ''
    expect(await blind.resolve({ ...request, forwardPath, reversePath: null })).toMatchObject({
      kind: 'unavailable',
      reply: { code: 451, cause: 'SRS token store: EIO' },
    })
  })
})
