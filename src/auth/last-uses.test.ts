import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { openLastUses } from './last-uses.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-use-'))
  path = join(folder, 'used')
})
afterEach(() => rmSync(folder, { recursive: true }))

const phone = { label: 'phone', created: 0 }

it('keeps the last uses over a restart, and writes only changes', async () => {
  const clock = createFakeClock()
  const before = await openLastUses(path, clock)
  await before.save()
  expect(() => statSync(path)).toThrow('ENOENT')
  before.note('lee', 'phone', '192.0.2.1')
  await clock.advance(1000)
  before.note('lee', 'phone', '2001:db8::1')
  await before.save()
  const { ino } = statSync(path)
  await before.save()
  expect(statSync(path).ino).toBe(ino)
  const after = await openLastUses(path, clock)
  expect(after.last('lee', phone)).toEqual({ at: clock.now(), ip: '2001:db8::1' })
  expect(after.last('kim', phone)).toBeNull()
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2)
})

it('is not that of a removed app password with the same label', async () => {
  const clock = createFakeClock()
  const use = await openLastUses(path, clock)
  use.note('lee', 'phone', '192.0.2.1')
  await clock.advance(60_000)
  expect(use.last('lee', { label: 'phone', created: clock.now() })).toBeNull()
})

it('ignores damaged lines, and tries again after an error of the disk', async () => {
  writeFileSync(path, 'damaged\n1000 192.0.2.1 phone lee\n\u0000\n')
  const use = await openLastUses(path, createFakeClock())
  expect(use.last('lee', phone)).toEqual({ at: 1_000_000, ip: '192.0.2.1' })
  const lost = await openLastUses(join(folder, 'missing', 'used'), createFakeClock())
  lost.note('lee', 'phone', '192.0.2.1')
  await expect(lost.save()).rejects.toThrow('ENOENT')
  await expect(lost.save()).rejects.toThrow('ENOENT')
})
