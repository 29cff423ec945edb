// The store of senders that are too long for SRS: durable, bounded, and never full of tokens that are worth little.

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeSmallDisk, mayMount } from '../../../test/lib/small-disk.ts'
import { budgetTable } from '../../budget/budget-table.ts'
import { createBudgets } from '../../budget/budgets.ts'
import { openTokenDatabase, readTokenDatabase, type TokenDatabase } from './token-database.ts'
import { createTokenStore } from './token-store.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = Date.UTC(2026, 10, 21)
const token = (n: number) => n.toString(32).padStart(32, '0')
const sender = (n: number) => `"odd \\" name ${n}"@far.example`

let folder: string
let opened: TokenDatabase[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokens-'))
  opened = []
})
afterEach(async () => {
  for (const one of opened) await one.close().catch(() => undefined)
  await rm(folder, { recursive: true })
})

const settings = (change: { path?: string; capacity?: number } = {}) => ({
  path: join(folder, 'tokens.db'),
  earlierPath: join(folder, 'tokens'),
  maxAgeDays: 21,
  capacity: 1000,
  ...change,
})

async function open(change: { at?: number; path?: string; capacity?: number } = {}): Promise<TokenDatabase> {
  const { at = NOW, ...rest } = change
  const database = await openTokenDatabase(settings(rest), at)
  opened.push(database)
  return database
}

const found = async (store: Pick<TokenDatabase, 'find'>, ...numbers: number[]) =>
  Promise.all(numbers.map(async (n) => (await store.find(token(n))) === sender(n)))

describe('the token store', () => {
  it('forgets expired senders in every octet of its files', async () => {
    const path = join(folder, 'purged.db')
    const store = await open({ path })
    for (let n = 0; n < 50; n++) await store.keep(token(n), sender(n), NOW)
    await store.keep(token(60), sender(60), NOW + 100 * DAY)
    store.purge(NOW + 100 * DAY)
    expect(store.size).toBe(1)
    const octets = (await Promise.all([path, `${path}-wal`].map((file) => readFile(file, 'latin1')))).join('')
    expect(octets).toContain(sender(60))
    for (let n = 0; n < 50; n++) expect(octets).not.toContain(sender(n))
    // It works on after the log was cut off.
    await store.keep(token(61), sender(61), NOW + 100 * DAY)
    expect(await found(store, 60, 61)).toEqual([true, true])
  })

  it('survives a restart, drops expired tokens, and is readable by its owner only', async () => {
    const first = await open()
    await first.keep(token(1), sender(1), NOW)
    await first.keep(token(2), sender(2), NOW - 30 * DAY)
    await first.close()
    const second = await open()
    expect(await found(second, 1, 2)).toEqual([true, false])
    expect(second.size).toBe(1)
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o077).toBe(0)
  })

  it('has what it confirmed after a crash at any time: the log has it', async () => {
    const store = await open()
    for (let n = 0; n < 20; n++) expect(await store.keep(token(n), sender(n), NOW)).toBe(true)
    // What a crash leaves behind, without the checkpoint of a close.
    const copy = join(folder, 'copy.db')
    for (const end of ['', '-wal'])
      await writeFile(`${copy}${end}`, await readFile(`${join(folder, 'tokens.db')}${end}`))
    const after = await open({ path: copy })
    expect(await found(after, ...Array.from({ length: 20 }, (_, n) => n))).toEqual(Array<boolean>(20).fill(true))
  })

  it('renews the age of a token that is used', async () => {
    const store = await open()
    for (const at of [NOW, NOW + 5, NOW + 2 * DAY, NOW + 2 * DAY + 5]) await store.keep(token(1), sender(1), at)
    await store.close()
    expect(await found(await open({ at: NOW + 23 * DAY }), 1)).toEqual([true])
  })

  it('takes simultaneous tokens', async () => {
    const store = await open()
    const numbers = Array.from({ length: 300 }, (_, n) => n)
    expect(await Promise.all(numbers.map((n) => store.keep(token(n), sender(n), NOW)))).not.toContain(false)
    expect(new Set(await found(store, ...numbers))).toEqual(new Set([true]))
  })

  it('gives commands the same answers, and an empty one without a file', async () => {
    const path = join(folder, 'tokens.db')
    expect(await found(readTokenDatabase(path), 1)).toEqual([false])
    const store = await open()
    await store.keep(token(1), sender(1), NOW)
    expect(await found(readTokenDatabase(path), 1, 2)).toEqual([true, false])
  })
})

describe('a full token store', () => {
  it('takes new tokens in place of those that were used longest ago', async () => {
    const store = await open({ capacity: 200 })
    for (let n = 0; n < 200; n++) await store.keep(token(n), sender(n), NOW + n * 1000)
    // The first one is used again, so it stays.
    await store.keep(token(0), sender(0), NOW + 2 * HOUR)
    const later = NOW + 7 * HOUR
    for (let n = 200; n < 230; n++) expect(await store.keep(token(n), sender(n), later)).toBe(true)
    expect(await found(store, 0, 1, 64, 65, 199, 200, 229)).toEqual([true, false, false, true, true, true, true])
    expect(store.size).toBeLessThanOrEqual(200)
  })

  it('keeps what was used in the last six hours, and refuses then: for a time, never for good', async () => {
    const store = await open({ capacity: 3 })
    for (let n = 0; n < 3; n++) expect(await store.keep(token(n), sender(n), NOW)).toBe(true)
    expect(await store.keep(token(3), sender(3), NOW + 5 * HOUR)).toBe(false)
    expect(await store.keep(token(1), sender(1), NOW + 5 * HOUR)).toBe(true)
    expect(await found(store, 0, 1, 2)).toEqual([true, true, true])
    expect(await store.keep(token(3), sender(3), NOW + 6 * HOUR + 1)).toBe(true)
    expect(await found(store, 1, 3)).toEqual([true, true])
  })

  it('shrinks as its tokens expire', async () => {
    const store = await open()
    for (let n = 0; n < 100; n++) await store.keep(token(n), sender(n), NOW)
    for (let n = 100; n < 160; n++) await store.keep(token(n), sender(n), NOW + 30 * DAY)
    expect(store.size).toBe(60)
  })
})

describe('the file of earlier versions', () => {
  it('is imported with its ages and removed, also with torn lines', async () => {
    const line = (n: number, at = NOW) => `${token(n)} ${at} ${JSON.stringify(sender(n))}\n`
    const torn = line(3).slice(0, 40)
    await writeFile(join(folder, 'tokens'), `${line(1)}rubbish\n${torn}${line(2)}${line(4, NOW - 30 * DAY)}${torn}`)
    const store = await open()
    expect(await found(store, 1, 2, 3, 4)).toEqual([true, true, false, false])
    expect(await readdir(folder)).not.toContain('tokens')
    await store.close()
    expect(await found(await open({ at: NOW + 20 * DAY }), 1, 2)).toEqual([true, true])
    expect(await found(await open({ at: NOW + 23 * DAY }), 1)).toEqual([false])
  })
})

describe('the store of a node', () => {
  const nodeStore = (path?: string) => {
    const budgets = createBudgets({ monotonic: () => 0 })
    const stock = budgets.stock('srsTokens', () => store.size)
    const capacity = path === undefined ? 2 : stock.capacity
    const used = settings({ capacity, ...(path === undefined ? {} : { path }) })
    const store = createTokenStore(used, { now: () => NOW, refused: () => stock.refuse() })
    return { store, usage: () => budgets.usage()[0] }
  }

  it('reports what it holds and refuses', async () => {
    const { store, usage } = nodeStore()
    expect(await store.open()).toBeNull()
    for (let n = 0; n < 5; n++) await store.keep(token(n), sender(n), NOW)
    expect(usage()).toMatchObject({
      name: 'srsTokens',
      used: 2,
      capacity: budgetTable.srsTokens.capacity,
      refused: new Map([['capacity', 3]]),
    })
    await store.close()
  })

  it('with a damaged file needs the operator', async () => {
    await writeFile(join(folder, 'tokens.db'), 'this is no database'.repeat(100))
    const { store } = nodeStore()
    await expect(store.open()).rejects.toThrow(/cannot use .*tokens\.db: .*move it away/)
    await store.close()
  })

  it.skipIf(!mayMount)('starts on a full disk, and works when it has space', async () => {
    const disk = makeSmallDisk(256 * 1024)
    const { store } = nodeStore(join(disk.path, 'tokens.db'))
    try {
      await expect(writeFile(join(disk.path, 'filler'), Buffer.alloc(512 * 1024))).rejects.toThrow('ENOSPC')
      expect(await store.open()).toBeInstanceOf(Error)
      await expect(store.keep(token(1), sender(1), NOW)).rejects.toThrow()
      await expect(store.find(token(1))).rejects.toThrow()
      await rm(join(disk.path, 'filler'))
      expect(await store.keep(token(1), sender(1), NOW)).toBe(true)
      expect(await found(store, 1)).toEqual([true])
    } finally {
      await store.close()
      disk.remove()
    }
  })

  it.skipIf(!mayMount)('loses no confirmed token on a disk that fills up', async () => {
    const disk = makeSmallDisk(2 * 1024 * 1024)
    const path = join(disk.path, 'tokens.db')
    const { store } = nodeStore(path)
    try {
      await store.open()
      const kept: number[] = []
      for (let n = 0; n < 50_000 && kept.length === n; n++) {
        const isKept = await store.keep(token(n), sender(n), NOW).catch(() => null)
        if (isKept) kept.push(n)
      }
      expect(kept.length).toBeGreaterThan(100)
      expect(kept.length).toBeLessThan(50_000)
      await store.close()
      const again = await open({ path, capacity: 50_000 })
      expect(new Set(await found(again, ...kept))).toEqual(new Set([true]))
      await again.close()
    } finally {
      disk.remove()
    }
  })
})
