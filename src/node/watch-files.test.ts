import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { POLL_MS, watchFiles } from './watch-files.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-watch-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function watching(during: (calls: number) => void = () => {}, since = Infinity) {
  const clock = createFakeClock()
  const files = [join(folder, 'a.yaml'), join(folder, 'b.yaml')] as const
  for (const file of files) writeFileSync(file, '1')
  const state = { calls: 0 }
  const watch = await watchFiles({ clock, since, files: () => files, changed: async () => during(++state.calls) })
  /** One poll, until the next sleep has begun. */
  const poll = async () => {
    await clock.advance(POLL_MS)
    while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return { files, state, poll, watch, clock }
}

test('does not call back without a change', async () => {
  const { poll, state } = await watching()
  for (let i = 0; i < 5; i++) await poll()
  expect(state.calls).toBe(0)
})

test('calls back once after a change, when the files have stopped changing', async () => {
  const { files, poll, state } = await watching()
  writeFileSync(files[0], '22')
  await poll()
  expect(state.calls).toBe(0)
  writeFileSync(files[1], '333')
  await poll()
  expect(state.calls).toBe(0)
  await poll()
  await poll()
  await poll()
  expect(state.calls).toBe(1)
})

test('calls back for a change since the first reading began', async () => {
  const { poll, state } = await watching(() => {}, 0)
  for (let i = 0; i < 5; i++) await poll()
  expect(state.calls).toBe(1)
})

test('calls back again for a change during the reload', async () => {
  const { poll, state } = await watching((calls) => {
    if (calls === 1) writeFileSync(join(folder, 'a.yaml'), '333')
  })
  writeFileSync(join(folder, 'a.yaml'), '22')
  for (let i = 0; i < 6; i++) await poll()
  expect(state.calls).toBe(2)
})

test('calls back for a file that is replaced, removed or created', async () => {
  const { files, poll, state } = await watching()
  writeFileSync(join(folder, 'new'), '1')
  renameSync(join(folder, 'new'), files[0])
  for (let i = 0; i < 3; i++) await poll()
  expect(state.calls).toBe(1)
  rmSync(files[1])
  for (let i = 0; i < 3; i++) await poll()
  expect(state.calls).toBe(2)
  writeFileSync(files[1], '1')
  for (let i = 0; i < 3; i++) await poll()
  expect(state.calls).toBe(3)
})

test('does not call back twice for a change that was reverted', async () => {
  const { poll, state, files } = await watching()
  renameSync(files[0], join(folder, 'aside'))
  await poll()
  renameSync(join(folder, 'aside'), files[0])
  await poll()
  await poll()
  expect(state.calls).toBeLessThanOrEqual(1)
})

test('does not poll after close', async () => {
  const { watch, clock } = await watching()
  watch.close()
  await new Promise((resolve) => setImmediate(resolve))
  expect(clock.sleeping).toBe(0)
})
