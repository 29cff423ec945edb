// Which copies leave by a forward, and what data want done with them where DMARC would fail.

import { describe, expect, it } from 'vitest'
import { loadDirectory } from '../directory/load.ts'
import { memoryFiles } from '../directory/memory-files.ts'
import type { Origin } from '../smtp/origin.ts'
import { createRouter } from './router.ts'
import type { RouterSettings } from './router-settings.ts'
import { encodeSrs } from './srs.ts'

const AT = Date.UTC(2026, 10, 21)

const data = `aliases:
  press: { to: [kim, lee, sam, out@far.example], when_dmarc_would_fail: refuse }
  plain: [kim, lee]
forwards:
  kim: { to: kim@home.example, when_dmarc_would_fail: wrap }
  lee: lee@strict.example
  ada: ada@home.example
transports: { sam@example.org: "lmtp:[127.0.0.1]:24" }
forward_policies: { strict.example: rewrite-from }
`
const settings: RouterSettings = {
  forwards: 'resolve',
  own: 'resolve',
  relayFor: ['peer', 'user', 'local'],
  srs: { domain: 'srs.example.org', secrets: ['s'], reverse: true, rewrite: true },
}
const mx: Origin = { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' }

async function wishes(
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
  return Object.fromEntries(answer.destinations.map((one) => [one.recipient, one.forward ?? null]))
}

describe('a copy that leaves by a forward', () => {
  it('has the wish of the forward, or of the domain it goes to, or none', async () => {
    expect(await wishes('plain@example.org')).toEqual({
      'kim@home.example': { wish: { treatment: 'wrap', source: 'm.yaml:5' } },
      'lee@strict.example': { wish: { treatment: 'rewrite-from', source: 'm.yaml:9' } },
    })
    expect(await wishes('ada@example.org')).toEqual({ 'ada@home.example': { wish: null } })
  })

  it('has the wish of the alias where the forward has none; the nearest to the target counts', async () => {
    expect(await wishes('press@example.org')).toEqual({
      'kim@home.example': { wish: { treatment: 'wrap', source: 'm.yaml:5' } },
      'lee@strict.example': { wish: { treatment: 'refuse', source: 'm.yaml:2' } },
      'sam@example.org': null,
      'out@far.example': { wish: { treatment: 'refuse', source: 'm.yaml:2' } },
    })
  })

  it('may have been resolved by the peer in front', async () => {
    expect(await wishes('out@strict.example')).toEqual({
      'out@strict.example': { wish: { treatment: 'rewrite-from', source: 'm.yaml:9' } },
    })
  })
})

describe('no forward is', () => {
  it('what is handed over to the nodes that forward', async () => {
    expect(await wishes('kim@example.org', { forwards: 'hand-over' })).toEqual({ 'kim@example.org': null })
  })

  it('what our own people send to the world', async () => {
    const user: Origin = { kind: 'user', identity: 'lee' }
    expect(await wishes('ann@strict.example', {}, user, 'lee@example.org')).toEqual({ 'ann@strict.example': null })
  })

  it('a bounce on its way home', async () => {
    const srs = settings.srs as NonNullable<RouterSettings['srs']>
    const made = encodeSrs('ann@stranger.example', AT, srs)
    const sent = await wishes(made.kind === 'rewritten' ? made.address : '', {}, { kind: 'internet' }, null)
    expect(sent).toEqual({ 'ann@stranger.example': null })
  })
})
