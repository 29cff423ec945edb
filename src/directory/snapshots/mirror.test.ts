// The mirror with a failing source, a real folder and a fake clock.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../test/lib/fake-clock.ts'
import { EMPTY_CONTENT, type FakeSource, fakeSource, manyPeople } from '../../../test/lib/source-content.ts'
import { until } from '../../../test/lib/until.ts'
import { createMirror } from './mirror.ts'
import type { Mirror } from './mirror.ts'
import { openOfflineMirror } from './offline-mirror.ts'
import { openSnapshotStore } from './snapshot-store.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import type { UserRow } from './source-content.ts'

const REFRESH = 300_000
const settings = {
  name: 'ldap',
  mainDomain: 'example.org',
  domains: new Set(['example.org']),
  refreshMs: REFRESH,
  maxShrinkage: 0.4,
}

let folder: string
let store: SnapshotStore
let clock: FakeClock
let source: FakeSource
let mirrors: Mirror[]
const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() }
const REFRESHED = [{ source: 'ldap' }, 'directory refresh works again'] as const
const DISK_ERROR = 'cannot read or write directory snapshots'

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-mirror-'))
  store = openSnapshotStore(folder)
  clock = createFakeClock()
  source = fakeSource(manyPeople(20))
  mirrors = []
})

afterEach(async () => {
  await Promise.all(mirrors.map((mirror) => mirror.close()))
  rmSync(folder, { recursive: true, force: true })
  vi.clearAllMocks()
})

async function start(): Promise<Mirror> {
  const mirror = createMirror(settings, { source, store, clock, log, canVerify: () => true })
  mirrors.push(mirror)
  await mirror.start()
  return mirror
}

async function restart(mirror: Mirror): Promise<Mirror> {
  await mirror.close()
  mirrors.length = 0
  return await start()
}

const known = (mirror: Mirror, name: string) => mirror.find(`${name}@example.org`)
const rest = () => openOfflineMirror(settings, { store, clock, source })

describe('a mirror', () => {
  it('has the first content in memory and on disk once it is started', async () => {
    const mirror = await start()
    expect(known(mirror, 'user0001')).toMatchObject({
      record: { forward: { source: 'uid=user0001' } },
      incomplete: null,
    })
    expect(known(mirror, 'nobody')).toEqual({ record: null, incomplete: null })
    expect(await store.versions()).toEqual([1])
    expect(mirror.status()).toMatchObject({ version: 1, failures: 0, failure: null, incomplete: null })
  })

  it('keeps no password in clear, on the disk or in memory, and warns of its user', async () => {
    const [first, second] = manyPeople(2).users
    const clear = { ...first, password: 'in clear' } as UserRow
    const users = [clear, { ...second, password: '$6$hash' } as UserRow]
    source.answer = { kind: 'whole', content: { ...EMPTY_CONTENT, users } }
    const canVerify = (hash: string) => hash.startsWith('$6$')
    const mirror = createMirror(settings, { source, store, clock, log, canVerify })
    mirrors.push(mirror)
    await mirror.start()
    expect([...mirror.passwords().values()].map(({ password }) => password)).toEqual(['{UNUSABLE}', '$6$hash'])
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((one) =>
      one.endsWith('.snapshot'),
    ))
      expect(readFileSync(join(folder, name), 'utf8')).not.toContain('in clear')
    expect(log.warn).toHaveBeenCalledWith(
      { source: 'ldap', count: 1, users: ['user0000'] },
      'users cannot log in: their password hashes have an unsupported scheme',
    )
  })

  it('writes a version only if the content changed, whatever the order of the rows', async () => {
    const mirror = await start()
    const people = manyPeople(20)
    source.answer = { kind: 'whole', content: { ...people, users: people.users.toReversed() } }
    await mirror.refresh()
    expect(await store.versions()).toEqual([1])
    source.answer = { kind: 'whole', content: manyPeople(21) }
    await mirror.refresh()
    expect(await store.versions()).toEqual([2, 1])
    expect(known(mirror, 'user0020').record).not.toBeNull()
  })

  it('reads the source again after the interval', async () => {
    await start()
    expect(source.asked).toBe(1)
    await until(
      async () => {
        await clock.advance(10_000)
        return source.asked === 2
      },
      { what: 'the second reading' },
    )
    expect(clock.now()).toBeGreaterThanOrEqual(Date.UTC(2026, 10, 21) + REFRESH)
  })

  it('reads once for simultaneous refreshes', async () => {
    const mirror = await start()
    await Promise.all([mirror.refresh(), mirror.refresh(), mirror.refresh()])
    expect(source.asked).toBe(2)
  })

  it.each([
    ['unavailable', { kind: 'unavailable', cause: 'connection refused' }],
    ['partial', { kind: 'partial', cause: 'size limit exceeded' }],
    ['empty', { kind: 'whole', content: EMPTY_CONTENT }],
    ['shrunk', { kind: 'whole', content: manyPeople(11) }],
  ] as const)(
    'keeps the last good snapshot when the source is %s: known names are found, others incomplete',
    async (_name, answer) => {
      const mirror = await start()
      source.answer = answer
      await mirror.refresh()
      expect(known(mirror, 'user0019')).toMatchObject({
        record: { forward: {} },
        incomplete: expect.stringContaining('ldap: '),
      })
      expect(known(mirror, 'nobody')).toEqual({ record: null, incomplete: expect.stringContaining('ldap: ') })
      expect(mirror.user('user0019')).toMatchObject({ kind: 'found' })
      expect(mirror.passwords().size).toBe(20)
      expect(await store.versions()).toEqual([1])
      expect(mirror.status()).toMatchObject({ version: 1, failures: 1 })
      expect(log.error).toHaveBeenCalledOnce()
      expect(log.error.mock.calls[0]?.[1]).toContain('the last good snapshot stays in use')
      expect(mirror.status().failingSince).toBe(clock.now())
      source.answer = { kind: 'whole', content: manyPeople(20) }
      await mirror.refresh()
      expect(known(mirror, 'nobody')).toEqual({ record: null, incomplete: null })
      expect(mirror.status().failingSince).toBeNull()
      expect(log.info.mock.calls.filter(([, message]) => message === REFRESHED[1])).toEqual([REFRESHED])
    },
  )

  it('does not speak of a snapshot where there is none', async () => {
    source.answer = { kind: 'unavailable', cause: 'connection refused' }
    const mirror = await start()
    const since = clock.now()
    expect(log.error.mock.calls.map(([, message]) => message as string)).toEqual([
      expect.stringMatching(/cannot be read and there is no snapshot: .* deferred$/),
    ])
    await clock.advance(60_000)
    expect(mirror.status()).toMatchObject({ version: null, failingSince: since })
  })

  it('logs the same failure once, and another one again', async () => {
    const mirror = await start()
    source.answer = { kind: 'unavailable', cause: 'a' }
    await mirror.refresh()
    await mirror.refresh()
    source.answer = { kind: 'unavailable', cause: 'b' }
    await mirror.refresh()
    expect(log.error.mock.calls.map(([failure]) => failure.cause)).toEqual(['a', 'b'])
    expect(mirror.status().failures).toBe(3)
  })

  it('retries sooner after a failure, with growing pauses', async () => {
    const mirror = await start()
    source.answer = { kind: 'unavailable', cause: 'down' }
    await mirror.refresh()
    const failed = clock.now()
    // The interval that started before the failure ends first; then the pauses are 5, 10, 20, 40 s …
    await until(
      async () => {
        // Only while it waits: a reading takes no time of this clock.
        if (clock.sleeping > 0) await clock.advance(1000)
        return source.asked >= 6
      },
      { what: 'several attempts', every: 1 },
    )
    expect(clock.now() - failed).toBeLessThan(REFRESH + 200_000)
  })

  it('survives a bug in its source', async () => {
    const mirror = await start()
    Object.assign(source, { fetch: () => Promise.reject(new TypeError('x is undefined')) })
    await mirror.refresh()
    expect(mirror.status().failure).toEqual({ kind: 'unavailable', cause: 'internal error: TypeError: x is undefined' })
    expect(known(mirror, 'user0001').record).not.toBeNull()
  })

  it('is incomplete if the source was never available, and does not wait for it', async () => {
    source.answer = { kind: 'unavailable', cause: 'down' }
    const mirror = await start()
    expect(known(mirror, 'user0001')).toEqual({ record: null, incomplete: 'ldap: down' })
    expect(mirror.status()).toMatchObject({ version: null, counts: null })
    expect(await store.versions()).toEqual([])
  })

  it('a snapshot without a recent reading is incomplete even without a failure', async () => {
    const mirror = await start()
    clock.set(clock.now() + 4 * REFRESH)
    expect(known(mirror, 'nobody').incomplete).toMatch(/^ldap: last read \d+ s ago$/)
  })
})

describe('a restarted mirror', () => {
  it('answers from disk while the source is unavailable', async () => {
    const first = await start()
    source.answer = { kind: 'unavailable', cause: 'down' }
    const mirror = await restart(first)
    expect(known(mirror, 'user0003').record).not.toBeNull()
    expect(known(mirror, 'nobody').incomplete).not.toBeNull()
    expect(mirror.passwords().size).toBe(20)
  })

  it('is incomplete until this process has read the source', async () => {
    const first = await start()
    let answer: (fetched: Awaited<FakeSource['answer']>) => void = () => undefined
    source.answer = new Promise((resolve) => {
      answer = resolve
    })
    const mirror = await restart(first)
    expect(known(mirror, 'nobody').incomplete).toBe('ldap: not read since the start')
    answer({ kind: 'whole', content: manyPeople(20) })
    await until(() => known(mirror, 'nobody').incomplete === null, { what: 'the first answer' })
  })

  it('compares the size with the snapshot on disk', async () => {
    const first = await start()
    source.answer = { kind: 'whole', content: manyPeople(3) }
    const mirror = await restart(first)
    await mirror.refresh()
    expect(mirror.status().failure).toMatchObject({ kind: 'refused' })
    expect(known(mirror, 'user0019').record).not.toBeNull()
  })

  it('skips damaged versions, with a log line', async () => {
    const first = await start()
    source.answer = { kind: 'whole', content: manyPeople(21) }
    await first.refresh()
    writeFileSync(join(folder, '0000000002.snapshot'), 'waypost-directory-1 0\nhalf')
    source.answer = { kind: 'unavailable', cause: 'down' }
    const mirror = await restart(first)
    expect(mirror.status().counts?.users).toBe(20)
    expect(log.error).toHaveBeenCalledWith(
      { source: 'ldap', what: 'version 2', cause: expect.stringContaining('checksum') },
      DISK_ERROR,
    )
  })

  it('never reuses a number, not even of a damaged version', async () => {
    const first = await start()
    writeFileSync(join(folder, '0000000007.snapshot'), 'nonsense')
    source.answer = { kind: 'whole', content: manyPeople(22) }
    const mirror = await restart(first)
    await mirror.refresh()
    expect(await store.versions()).toEqual([8, 7, 1])
  })
})

describe('orders of an operator', () => {
  async function refusedShrink(): Promise<Mirror> {
    const mirror = await start()
    source.answer = { kind: 'whole', content: manyPeople(5) }
    await mirror.refresh()
    return mirror
  }

  it('the refused content is kept', async () => {
    await refusedShrink()
    expect((await store.readRefused())?.content.users.length).toBe(5)
  })

  it('a shrinkage is accepted once', async () => {
    const mirror = await refusedShrink()
    await store.writeOrders({ pinned: null, accept: 1, refresh: 0 })
    await mirror.refresh()
    expect(mirror.status()).toMatchObject({ version: 2, failure: null, counts: { users: 5 } })
    expect(await store.readRefused()).toBeNull()
    source.answer = { kind: 'whole', content: manyPeople(1) }
    await mirror.refresh()
    expect(mirror.status()).toMatchObject({ version: 2, failure: { kind: 'refused' } })
  })

  it('an order to accept is not executed again after a restart', async () => {
    const first = await refusedShrink()
    await store.writeOrders({ pinned: null, accept: 1, refresh: 0 })
    await first.refresh()
    source.answer = { kind: 'whole', content: manyPeople(1) }
    const mirror = await restart(first)
    await mirror.refresh()
    expect(mirror.status().failure).toMatchObject({ kind: 'refused' })
  })

  it('an order ends the pause', async () => {
    await start()
    await store.writeOrders({ pinned: null, accept: 0, refresh: clock.now() })
    await until(
      async () => {
        await clock.advance(1000)
        return source.asked === 2
      },
      { what: 'the ordered reading' },
    )
    expect(clock.now()).toBeLessThan(Date.UTC(2026, 10, 21) + REFRESH / 2)
  })

  it('a pinned older version answers, incomplete, while the source is still read', async () => {
    const mirror = await start()
    source.answer = { kind: 'whole', content: manyPeople(21) }
    await mirror.refresh()
    await store.writeOrders({ pinned: 1, accept: 0, refresh: 0 })
    await mirror.refresh()
    expect(mirror.status()).toMatchObject({ version: 1, pinned: 1, counts: { users: 20 } })
    expect(known(mirror, 'user0020')).toEqual({ record: null, incomplete: 'ldap: rolled back to version 1' })
    source.answer = { kind: 'whole', content: manyPeople(22) }
    await mirror.refresh()
    expect(await store.versions()).toEqual([3, 2, 1])
    expect(mirror.status().version).toBe(1)
    await store.writeOrders({ pinned: null, accept: 0, refresh: 0 })
    await mirror.refresh()
    expect(mirror.status()).toMatchObject({ version: 3, pinned: null, counts: { users: 22 }, incomplete: null })
  })

  it('a pin survives a restart, and its version is kept', async () => {
    const first = await start()
    await store.writeOrders({ pinned: 1, accept: 0, refresh: 0 })
    const mirror = await restart(first)
    for (let more = 21; more < 36; more += 1) {
      source.answer = { kind: 'whole', content: manyPeople(more) }
      await mirror.refresh()
    }
    expect(mirror.status()).toMatchObject({ version: 1, pinned: 1 })
    expect((await store.versions()).at(-1)).toBe(1)
    expect((await restart(mirror)).status()).toMatchObject({ version: 1, pinned: 1 })
  })

  it('a missing version is not pinned', async () => {
    const mirror = await start()
    await store.writeOrders({ pinned: 99, accept: 0, refresh: 0 })
    await mirror.refresh()
    expect(mirror.status()).toMatchObject({ version: 1, pinned: null })
    expect(log.error).toHaveBeenCalledWith(
      { source: 'ldap', what: 'version 99', cause: expect.any(String) },
      DISK_ERROR,
    )
  })
})

describe('a disk without space', () => {
  it('loses the snapshot, not the data', async () => {
    const broken: SnapshotStore = { ...store, write: () => Promise.reject(new Error('ENOSPC')) }
    const mirror = createMirror(settings, { source, store: broken, clock, log, canVerify: () => true })
    mirrors.push(mirror)
    await mirror.start()
    expect(known(mirror, 'user0001').record).not.toBeNull()
    expect(log.error).toHaveBeenCalledWith({ source: 'ldap', what: 'version 1', cause: 'ENOSPC' }, DISK_ERROR)
    await mirror.refresh()
    expect(mirror.status().failure).toBeNull()
  })
})

describe('the files on disk, for commands', () => {
  it('answer like the node that wrote them', async () => {
    const mirror = await start()
    source.answer = { kind: 'unavailable', cause: 'down' }
    await mirror.refresh()
    const rested = await rest()
    expect(rested.find('user0001@example.org')).toEqual(known(mirror, 'user0001'))
    expect(rested.find('nobody@example.org')).toEqual({ record: null, incomplete: 'ldap: down' })
    expect(rested.passwords().size).toBe(20)
    expect(rested.mayHave('nobody@example.org')).toBe(true)
    expect(source.asked).toBe(2)
  })

  it('use the pinned version', async () => {
    const mirror = await start()
    source.answer = { kind: 'whole', content: manyPeople(21) }
    await mirror.refresh()
    await store.writeOrders({ pinned: 1, accept: 0, refresh: 0 })
    expect((await rest()).passwords().size).toBe(20)
  })

  it('are replaced by one reading if no node has run, and stay unwritten', async () => {
    const rested = await rest()
    expect(rested.find('user0001@example.org')).toMatchObject({ record: {}, incomplete: null })
    expect(rested.mayHave('nobody@example.org')).toBe(false)
    expect(readdirSync(folder)).toEqual([])
  })

  it('report a failure if there is no data', async () => {
    source.answer = { kind: 'partial', cause: 'size limit' }
    const rested = await rest()
    expect(rested.failure).toBe('ldap: size limit')
    expect(rested.find('x@example.org')).toEqual({ record: null, incomplete: 'ldap: size limit' })
    expect(rested.user('x')).toEqual({ kind: 'absent' })
    expect(rested.passwords().size).toBe(0)
  })
})
