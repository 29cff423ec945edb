// The guard of the files: what it remembers, refuses and accepts, over restarts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import type { FileEnding } from '../files/file-ending.ts'
import { type FileGuard, openFileGuard } from './file-guard.ts'
import { openSnapshotStore } from './snapshot-store.ts'

let folder: string
const clock = createFakeClock()
const log = { info: () => undefined, error: (fields: object) => expect.unreachable(JSON.stringify(fields)) }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-guard-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const storeOf = () => openSnapshotStore(join(folder, 'files'))
/** As at a start of the node. */
const open = (maxShrinkage = 0.4): Promise<FileGuard> =>
  openFileGuard({ maxShrinkage }, { store: storeOf(), clock, log })

/** Files with so many addresses. */
function files(count: number, ending: FileEnding = 'line', domains: readonly string[] = []) {
  const rows = Array.from({ length: count }, (_, n) => ({
    address: `a${n}@example.org`,
    targets: ['t@x.example'],
    source: 'f:1',
  }))
  const own = domains.map((name) => ({ address: `@${name}`, targets: [], source: 'f:1' }))
  return { content: { users: [], aliases: [...rows, ...own], forwards: [] }, endings: { 'mail.yaml': ending } }
}

async function accept(): Promise<void> {
  await clock.advance(1000)
  await storeOf().writeOrders({ pinned: null, accept: clock.now(), refresh: 0 })
}

describe('files', () => {
  it('of a first start are good, whatever they contain', async () => {
    for (const count of [0, 5]) expect(await (await open()).judge(files(count))).toBeNull()
  })

  it.each([
    ['all of one address', 1, 0, /^the files have no entries any more; `waypost directory accept files`/],
    ['all of many', 50, 0, /no entries/],
    ['more than the limit', 50, 29, /^aliases shrank from 50 to 29/],
    ['three of six', 6, 3, /^entries shrank from 6 to 3/],
  ])('that lost %s are refused, also at the next start', async (_what, before, after, cause) => {
    const guard = await open()
    expect(await guard.judge(files(before))).toBeNull()
    expect(await guard.judge(files(after))).toMatch(cause)
    expect(guard.doubt()).toMatch(/^files: /)
    expect(guard.status()).toMatchObject({ version: 1, failures: 1, failure: { kind: 'refused' } })
    const restarted = await open()
    expect(restarted.doubt()).toBeNull()
    expect(await restarted.judge(files(after))).toMatch(cause)
    expect(restarted.doubt()).toMatch(/^files: /)
  })

  it.each([
    ['two of three', 3, 1],
    ['as much as the limit', 50, 30],
    ['nothing', 50, 90],
  ])('that lost %s are good', async (_what, before, after) => {
    const guard = await open()
    await guard.judge(files(before))
    expect(await guard.judge(files(after))).toBeNull()
    expect(guard.doubt()).toBeNull()
  })

  it('that end before their last version did are refused, without any loss', async () => {
    const guard = await open()
    await guard.judge(files(5, 'marker'))
    expect(await guard.judge(files(6, 'line'))).toMatch(/^mail\.yaml is incomplete/)
    expect(await guard.judge(files(6, 'marker'))).toBeNull()
    expect(guard.doubt()).toBeNull()
  })

  it('are good again when they are repaired', async () => {
    const guard = await open()
    await guard.judge(files(50))
    await guard.judge(files(10))
    expect(await guard.judge(files(48))).toBeNull()
    expect([guard.doubt(), guard.status().failures]).toEqual([null, 0])
    expect(await storeOf().readRefused()).toBeNull()
  })
})

describe('an order to accept', () => {
  it('accepts one loss, once', async () => {
    const guard = await open()
    await guard.judge(files(50))
    await guard.judge(files(10))
    expect(await guard.hasOrder()).toBe(false)
    await accept()
    expect(await guard.hasOrder()).toBe(true)
    expect(await guard.judge(files(10))).toBeNull()
    expect(await guard.hasOrder()).toBe(false)
    expect(await guard.judge(files(1))).toMatch(/shrank/)
  })

  it('counts at the next start, and for an incomplete file', async () => {
    await (await open()).judge(files(50, 'marker'))
    await accept()
    const restarted = await open()
    expect(await restarted.judge(files(1, 'open'))).toBeNull()
    expect(await (await open()).judge(files(1, 'open'))).toBeNull()
  })
})

describe('inspect', () => {
  it('judges and changes nothing', async () => {
    const guard = await open()
    await guard.judge(files(50))
    expect(await guard.inspect(files(1))).toMatch(/shrank/)
    expect(guard.doubt()).toBeNull()
    expect(await guard.inspect(files(60))).toBeNull()
    expect((await storeOf().versions()).length).toBe(1)
    expect(await storeOf().readRefused()).toBeNull()
  })
})

it('remembers the domains of the last good files', async () => {
  await (await open()).judge(files(5, 'line', ['example.net', 'lists.example.org']))
  const restarted = await open()
  await restarted.judge(files(0))
  expect([...restarted.domains()].toSorted()).toEqual(['example.net', 'lists.example.org'])
})

it('works without a disk, and reports it', async () => {
  const errors: object[] = []
  const broken = { ...storeOf(), write: () => Promise.reject(new Error('EROFS')) }
  const guard = await openFileGuard(
    { maxShrinkage: 0.4 },
    { store: broken, clock, log: { info: () => undefined, error: (fields: object) => errors.push(fields) } },
  )
  expect(await guard.judge(files(50))).toBeNull()
  expect(await guard.judge(files(1))).toMatch(/shrank/)
  expect(errors).toContainEqual({ source: 'files', cause: 'EROFS' })
})
