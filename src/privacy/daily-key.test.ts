import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { systemRandom } from '../lib/random.ts'
import { createDailyKey, destroyDailyKey, readDailyKey } from './daily-key.ts'

const DAY_MS = 86_400_000
let folder: string
let path: string
let clock: ReturnType<typeof createFakeClock>
let warnings: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daily-key-'))
  path = join(folder, 'privacy.key')
  clock = createFakeClock()
  warnings = []
})
afterEach(() => rmSync(folder, { recursive: true }))

const create = () =>
  createDailyKey({ clock, random: systemRandom, log: { warn: (_fields, text) => void warnings.push(text) } })
const hex = (key: Buffer | null) => key?.toString('hex')

it('is the same after a restart of the same day, and only the owner can read it', async () => {
  const first = create()
  await first.keepIn(path)
  const second = create()
  await second.keepIn(path)
  expect(hex(second.current())).toBe(hex(first.current()))
  expect(hex(await readDailyKey(path, clock.now()))).toBe(hex(first.current()))
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('changes at midnight UTC, and the old key is overwritten in place', async () => {
  const key = create()
  await key.keepIn(path)
  const old = hex(key.current())
  const { ino } = statSync(path)
  await clock.advance(DAY_MS)
  await key.close()
  expect(hex(key.current())).not.toBe(old)
  expect(readFileSync(path, 'latin1')).not.toContain(old)
  expect(readFileSync(path, 'latin1')).toContain(hex(key.current()))
  expect(statSync(path).ino).toBe(ino)
})

it('a key of another day is not used', async () => {
  const first = create()
  await first.keepIn(path)
  const old = hex(first.current())
  await first.close()
  clock = createFakeClock(clock.now() + DAY_MS)
  const second = create()
  await second.keepIn(path)
  expect(hex(second.current())).not.toBe(old)
  expect(await readDailyKey(path, clock.now() + DAY_MS)).toBeNull()
})

it('works without a file that it can write, and says so', async () => {
  symlinkSync(join(folder, 'other'), path)
  const key = create()
  await key.keepIn(path)
  expect(key.current()).toHaveLength(32)
  expect(warnings).toEqual(['the key of hashes cannot be stored'])
})

it.each(['', 'x', '20778 abc\n'])('a damaged file "%s" is replaced', async (text) => {
  writeFileSync(path, text)
  const key = create()
  await key.keepIn(path)
  expect(hex(await readDailyKey(path, clock.now()))).toBe(hex(key.current()))
})

it('can be destroyed', async () => {
  const key = create()
  await key.keepIn(path)
  await destroyDailyKey(path)
  expect(readFileSync(path, 'latin1')).not.toContain(hex(key.current()))
  expect(await readDailyKey(path, clock.now())).toBeNull()
  await destroyDailyKey(join(folder, 'none'))
})
