// The small organisation of hiera-examples/, loaded from disk as on each of its nodes.

import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkAssertions } from '../route/assertions/assertions.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Destination } from '../route/resolution.ts'
import { createRouter } from '../route/router.ts'
import type { RouterSettings } from '../route/router-settings.ts'
import { loadDirectory } from './load-directory.ts'
import { formatProblem } from './data-problem.ts'

const folder = fileURLToPath(new URL('../../hiera-examples', import.meta.url))
const srs = { domain: 'srs.example.org', secrets: ['s'], reverse: true, rewrite: false }
const mx: RouterSettings = {
  forwards: 'relay-to-srs',
  own: 'resolve',
  relayFor: ['local'],
  srs,
  postmaster: 'ops@example.org',
}

function load(certname = 'mx-01.example.org') {
  const settings = {
    mainDomain: 'example.org',
    hiera: `${folder}/hiera.yaml`,
    mail: [`${folder}/fragments`],
    scope: { facts: {}, certname },
  }
  const { directory, problems } = loadDirectory(settings)
  if (!directory) throw new Error(problems.map(formatProblem).join('\n'))
  return { directory, problems }
}

describe('hiera-examples', () => {
  it.each(['mx-01', 'srs-01', 'submission-01', 'mta-01'])('loads on %s without problems', (host) => {
    expect(load(`${host}.example.org`).problems).toEqual([])
  })

  it('has the size that its README states', () => {
    const records = [...load().directory.addresses.values()]
    expect(records.filter((record) => record.user).length).toBe(91)
    expect(records.filter((record) => record.alias).length).toBeGreaterThanOrEqual(75)
    expect(records.filter((record) => record.forward && !record.user).length).toBe(24)
  })

  it('its assertions pass', async () => {
    const run = await checkAssertions(load().directory, mx, Date.UTC(2026, 10, 21))
    expect(run.problems.map(formatProblem)).toEqual([])
    expect(run.checked).toBeGreaterThanOrEqual(4)
  })

  it('every address resolves', async () => {
    const { directory } = load()
    const router = createRouter({ ...mx, forwards: 'resolve' }, () => directory)
    for (const [address, record] of directory.addresses) {
      if (!record.alias && !record.forward) continue
      const answer = await router.resolve({
        forwardPath: address,
        reversePath: null,
        origin: { kind: 'internet' },
        at: 0,
      })
      expect(answer, address).toMatchObject({ kind: 'destinations' })
      expect(answer, address).not.toHaveProperty('failedMembers')
    }
  })

  it('mx and srs together resolve each address as one node does, without duplicates', async () => {
    const { directory } = load()
    const stranger = { reversePath: 'stranger@far.example', at: 0 }
    const srsNode: RouterSettings = {
      ...mx,
      forwards: 'resolve',
      relayFor: ['peer'],
      copies: false,
      srs: { ...srs, rewrite: true },
    }
    const [first, second, alone] = [mx, srsNode, { ...srsNode, copies: true }].map((role) =>
      createRouter(role, () => directory),
    )
    const ask = async (router: typeof first, forwardPath: string, origin: Origin) => {
      const answer = await router?.resolve({ ...stranger, forwardPath, origin })
      return answer?.kind === 'destinations' ? answer.destinations : []
    }
    const text = (one: Destination) => `${one.recipient} ${one.nextHop} ${one.reversePath}`
    for (const address of [
      ...directory.addresses.keys(),
      'anything@labs.example.org',
      'ticket-7@example.org',
      'cron@web-01.example.org',
    ]) {
      const together: string[] = []
      for (const one of await ask(first, address, { kind: 'internet' })) {
        if (one.nextHop !== 'peers:srs') together.push(text(one))
        else
          together.push(
            ...(await ask(second, one.recipient, { kind: 'peer', role: 'mx', vouched: 'nothing' })).map(text),
          )
      }
      const expected = (await ask(alone, address, { kind: 'internet' })).map(text)
      expect([...new Set(together)].toSorted(), address).toEqual(expected.toSorted())
    }
  })

  it('lee may send as lee and press', async () => {
    const { directory } = load()
    const router = createRouter(mx, () => directory)
    expect(await router.maySendAs({ kind: 'user', identity: 'lee' }, 'lee@example.org')).toMatchObject({ kind: 'yes' })
    expect(await router.maySendAs({ kind: 'user', identity: 'lee' }, 'press@organisation.example')).toMatchObject({
      kind: 'yes',
    })
    expect(await router.maySendAs({ kind: 'user', identity: 'lee' }, 'finance@example.org')).toMatchObject({
      kind: 'no',
    })
  })
})
