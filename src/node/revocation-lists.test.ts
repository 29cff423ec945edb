// Which lists are used and which are reported; the lists themselves are tested with openssl in test/peers.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { Config } from '../config/config.ts'
import { createAuthority } from '../demo/ca.ts'
import { openRevocationLists } from './revocation-lists.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-lists-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function open(crl: readonly object[], answers: readonly (Response | Error)[] = []) {
  const clock = createFakeClock()
  const asked: string[] = []
  const warnings: unknown[] = []
  const rest = [...answers]
  const lists = await openRevocationLists(
    { data: folder, user_certificates: { ca: createAuthority('People').certificate, crl } } as unknown as Config,
    {
      clock,
      log: { info: () => undefined, warn: (fields) => void warnings.push(fields['cause']) },
      fetch: async (url) => {
        asked.push(url as string)
        const answer = rest.shift() ?? new Error('refused')
        if (answer instanceof Error) throw answer
        return answer
      },
    },
  )
  return { lists, clock, asked, warnings }
}

it('reports each list that cannot be used, once in the log and always in health', async () => {
  const broken = join(folder, 'broken.crl')
  writeFileSync(broken, 'nothing')
  const { lists, warnings } = await open([{ file: broken }, { file: join(folder, 'missing.crl') }])
  await lists.refresh()
  expect(lists.problems()).toEqual([
    expect.stringMatching(/broken\.crl: it is no revocation list/),
    expect.stringMatching(/missing\.crl: ENOENT/),
  ])
  expect(warnings).toHaveLength(2)
  expect(await lists.health.check()).toMatchObject({ kind: 'degraded', reason: expect.stringContaining('broken') })
  expect(lists.lists()).toEqual([])
})

it('asks a URL again after five minutes if it fails', async () => {
  const url = 'http://ca.example.org/people.crl'
  const answers = [new Response('', { status: 503 }), new Response('no list'), new Error('no route')]
  const { lists, clock, asked, warnings } = await open([{ url }], answers)
  expect(lists.problems()).toEqual([expect.stringContaining('it was not fetched yet')])
  for (let i = 0; i < 3; i++) {
    await lists.refresh()
    await lists.refresh()
    await clock.advance(5 * 60_000)
  }
  expect(asked).toEqual([url, url, url])
  expect(warnings).toEqual(['the server answered 503', expect.stringContaining('no revocation list'), 'no route'])
})

it('refuses a list that is too long', async () => {
  const piece = new Uint8Array(1024 * 1024)
  let sent = 0
  const body = new ReadableStream({
    pull: (stream) => {
      sent++
      stream.enqueue(piece)
    },
  })
  const { lists } = await open([{ url: 'http://ca.example.org/long.crl' }], [new Response(body)])
  await lists.refresh()
  expect(lists.problems()[0]).toContain('more than 16777216 octets')
  expect(sent).toBeLessThan(20)
})
