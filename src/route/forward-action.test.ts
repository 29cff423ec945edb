// Which copies leave by a forward, and their terms for DMARC and spam.

import { describe, expect, it } from 'vitest'
import { loadDirectory } from '../directory/load-directory.ts'
import { memoryFiles } from '../directory/files/memory-files.ts'
import type { Origin } from '../smtp/origin.ts'
import { createRouter } from './router.ts'
import type { RouterSettings } from './router-settings.ts'
import { encodeSrs } from './srs/srs.ts'

const AT = Date.UTC(2026, 10, 21)

const data = `aliases:
  press: { to: [kim, lee, sam, out@far.example], when_dmarc_would_fail: reject }
  plain: [kim, lee]
forwards:
  kim: { to: kim@home.example, when_dmarc_would_fail: wrap }
  lee: lee@strict.example
  abuse: { to: [abuse@desk.example, log@careful.example, copy@strict.example] }
  sales: { to: [one@careful.example, two@strict.example], spam_ceiling: 12 }
  ada: ada@home.example
transports: { sam@example.org: "lmtp:[127.0.0.1]:24" }
forward_policies: { strict.example: rewrite-from, careful.example: { spam_ceiling: 4, when_dmarc_would_fail: wrap }, desk.example: { spam_ceiling: none } }
`
const settings: RouterSettings = {
  forwards: 'resolve',
  own: 'resolve',
  relayFor: ['peer', 'user', 'local'],
  srs: { domain: 'srs.example.org', secrets: ['s'], reverse: true, rewrite: true },
}
const mx: Origin = { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' }

async function actionsOf(
  forwardPath: string,
  changes: Partial<RouterSettings> = {},
  origin: Origin = mx,
  sender: string | null = 'ann@stranger.example',
) {
  const scope = { facts: {}, certname: 'n' }
  const { directory } = loadDirectory(
    { mainDomain: 'example.org', mail: ['m.yaml'], scope },
    memoryFiles({ 'm.yaml': data }),
  )
  if (!directory) throw new Error('bad data')
  const router = createRouter({ ...settings, ...changes }, () => directory)
  const answer = await router.resolve({ forwardPath, reversePath: sender, origin, at: AT })
  if (answer.kind !== 'destinations') throw new Error(answer.kind)
  return Object.fromEntries(
    answer.destinations.map((one) => [one.recipient, one.forward ?? one.relayedForwards ?? null]),
  )
}

describe('a copy that leaves by a forward', () => {
  it('has the action of the forward, or of its foreign domain, or none', async () => {
    expect(await actionsOf('plain@example.org')).toEqual({
      'kim@home.example': { action: { treatment: 'wrap', source: 'm.yaml:5' } },
      'lee@strict.example': { action: { treatment: 'rewrite-from', source: 'm.yaml:11' } },
    })
    expect(await actionsOf('ada@example.org')).toEqual({ 'ada@home.example': { action: null } })
  })

  it('has the action of the alias if the forward has none; the nearest to the target applies', async () => {
    expect(await actionsOf('press@example.org')).toEqual({
      'kim@home.example': { action: { treatment: 'wrap', source: 'm.yaml:5' } },
      'lee@strict.example': { action: { treatment: 'reject', source: 'm.yaml:2' } },
      'sam@example.org': null,
      'out@far.example': { action: { treatment: 'reject', source: 'm.yaml:2' } },
    })
  })

  it('may have been resolved by a peer', async () => {
    expect(await actionsOf('out@strict.example')).toEqual({
      'out@strict.example': { action: { treatment: 'rewrite-from', source: 'm.yaml:11' } },
    })
  })
})

describe('not a forward', () => {
  it('mail of our users to foreign addresses', async () => {
    const user: Origin = { kind: 'user', identity: 'lee' }
    expect(await actionsOf('ann@strict.example', {}, user, 'lee@example.org')).toEqual({ 'ann@strict.example': null })
  })

  it('a bounce to the original sender', async () => {
    const srs = settings.srs as NonNullable<RouterSettings['srs']>
    const made = encodeSrs('ann@stranger.example', AT, srs)
    const sent = await actionsOf(made.kind === 'rewritten' ? made.address : '', {}, { kind: 'internet' }, null)
    expect(sent).toEqual({ 'ann@stranger.example': null })
  })
})

describe('the spam ceiling', () => {
  const policy = { score: 4, source: 'm.yaml:11' }
  const action = { treatment: 'wrap', source: 'm.yaml:11' }
  const strict = { action: { treatment: 'rewrite-from', source: 'm.yaml:11' } }

  it('is that of the destination if the forward has none', async () => {
    expect(await actionsOf('abuse@example.org')).toEqual({
      'abuse@desk.example': { action: null, ceiling: { score: null, source: 'm.yaml:11' } },
      'log@careful.example': { action, ceiling: policy },
      'copy@strict.example': strict,
    })
  })

  it('of the forward takes precedence, without an effect on the action', async () => {
    const ceiling = { score: 12, source: 'm.yaml:8' }
    expect(await actionsOf('sales@example.org')).toEqual({
      'one@careful.example': { action, ceiling },
      'two@strict.example': { ...strict, ceiling },
    })
  })
})

describe('a forward relayed to the srs nodes', () => {
  it('is not a forward here, and has the terms of each foreign domain', async () => {
    expect(await actionsOf('kim@example.org', { forwards: 'relay-to-srs' })).toEqual({
      'kim@example.org': [{ action: { treatment: 'wrap', source: 'm.yaml:5' } }],
    })
    expect(await actionsOf('abuse@example.org', { forwards: 'relay-to-srs' })).toEqual({
      'abuse@example.org': [
        { action: null, ceiling: { score: null, source: 'm.yaml:11' } },
        { action: { treatment: 'wrap', source: 'm.yaml:11' }, ceiling: { score: 4, source: 'm.yaml:11' } },
        { action: { treatment: 'rewrite-from', source: 'm.yaml:11' } },
      ],
    })
  })

  it('has one domain if a group has local members, too', async () => {
    const found = await actionsOf('press@example.org', { forwards: 'relay-to-srs' })
    expect(found['out@far.example']).toEqual([{ action: { treatment: 'reject', source: 'm.yaml:2' } }])
    expect(found['sam@example.org']).toBeNull()
  })
})
