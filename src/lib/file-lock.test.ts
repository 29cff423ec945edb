import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { until } from '../../test/lib/until.ts'
import { commandClock } from './clock.ts'
import { withFileLock } from './file-lock.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-lock-'))
  file = join(folder, 'passwd')
})
afterEach(() => rmSync(folder, { recursive: true }))

it('lets one holder after the other change a file, so that no change is lost', async () => {
  writeFileSync(file, '0')
  const add = () =>
    withFileLock(file, commandClock, async () => {
      const before = Number(readFileSync(file, 'utf8'))
      await new Promise((resolve) => setImmediate(resolve))
      writeFileSync(file, String(before + 1))
    })
  await Promise.all(Array.from({ length: 12 }, add))
  expect(readFileSync(file, 'utf8')).toBe('12')
  expect(existsSync(`${file}.lock`)).toBe(false)
})

it('is free again after an error', async () => {
  await expect(withFileLock(file, commandClock, () => Promise.reject(new Error('full disk')))).rejects.toThrow('full')
  expect(await withFileLock(file, commandClock, async () => 'free')).toBe('free')
})

it('replaces the lock of a process that was killed, not a fresh one', async () => {
  writeFileSync(`${file}.lock`, '1\n')
  let now = 0
  // Only the deadline passes: the lock stays fresh.
  const hurried = { ...commandClock, monotonic: () => (now += 6000), sleep: async () => undefined }
  await expect(withFileLock(file, hurried, async () => 'taken')).rejects.toThrow('held by another process')
  utimesSync(`${file}.lock`, new Date(0), new Date(0))
  expect(await withFileLock(file, commandClock, async () => 'taken')).toBe('taken')
})

it('stays that of a holder that works for long', async () => {
  const beats: (() => void)[] = []
  const clock = {
    ...commandClock,
    every: (_ms: number, beat: () => void) => (beats.push(beat), { cancel: () => undefined }),
  }
  await withFileLock(file, clock, async () => {
    utimesSync(`${file}.lock`, new Date(0), new Date(0))
    for (const beat of beats) beat()
    await until(() => Date.now() - statSync(`${file}.lock`).mtimeMs < 5000, { what: 'the lock to be touched' })
  })
  expect(beats).toHaveLength(1)
})

it('rejects where it may not write', async () => {
  await expect(withFileLock(join(folder, 'no', 'passwd'), commandClock, async () => 1)).rejects.toThrow('ENOENT')
})
