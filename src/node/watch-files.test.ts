import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { LOOK_EVERY_MS, watchFiles } from './watch-files.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-watch-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function watching(during: (told: number) => void = () => {}, since = Infinity) {
  const clock = createFakeClock()
  const files = [join(folder, 'a.yaml'), join(folder, 'b.yaml')] as const
  for (const file of files) writeFileSync(file, '1')
  const state = { told: 0 }
  const watch = await watchFiles({ clock, since, files: () => files, changed: async () => during(++state.told) })
  /** One look, to its end: the next sleep has begun. */
  const look = async () => {
    await clock.advance(LOOK_EVERY_MS)
    while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return { files, state, look, watch, clock }
}

test('nothing changed, nothing told', async () => {
  const { look, state } = await watching()
  for (let i = 0; i < 5; i++) await look()
  expect(state.told).toBe(0)
})

test('a change is told once, when the files are still', async () => {
  const { files, look, state } = await watching()
  writeFileSync(files[0], '22')
  await look()
  expect(state.told).toBe(0)
  writeFileSync(files[1], '333')
  await look()
  expect(state.told).toBe(0)
  await look()
  await look()
  await look()
  expect(state.told).toBe(1)
})

test('a change after the first reading began is told', async () => {
  const { look, state } = await watching(() => {}, 0)
  for (let i = 0; i < 5; i++) await look()
  expect(state.told).toBe(1)
})

test('a change while the one before is read is told too', async () => {
  const { look, state } = await watching((told) => {
    if (told === 1) writeFileSync(join(folder, 'a.yaml'), '333')
  })
  writeFileSync(join(folder, 'a.yaml'), '22')
  for (let i = 0; i < 6; i++) await look()
  expect(state.told).toBe(2)
})

test('a file that is replaced, goes away or comes back is a change', async () => {
  const { files, look, state } = await watching()
  writeFileSync(join(folder, 'new'), '1')
  renameSync(join(folder, 'new'), files[0])
  for (let i = 0; i < 3; i++) await look()
  expect(state.told).toBe(1)
  rmSync(files[1])
  for (let i = 0; i < 3; i++) await look()
  expect(state.told).toBe(2)
  writeFileSync(files[1], '1')
  for (let i = 0; i < 3; i++) await look()
  expect(state.told).toBe(3)
})

test('a change that is taken back before it was told is none', async () => {
  const { look, state, files } = await watching()
  renameSync(files[0], join(folder, 'aside'))
  await look()
  renameSync(join(folder, 'aside'), files[0])
  await look()
  await look()
  expect(state.told).toBeLessThanOrEqual(1)
})

test('closed, it looks no more', async () => {
  const { watch, clock } = await watching()
  watch.close()
  await new Promise((resolve) => setImmediate(resolve))
  expect(clock.sleeping).toBe(0)
})
