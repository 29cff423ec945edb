// Real files and their times; the clock of the test starts at the present time, and only the test advances it.

import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { until } from '../../test/lib/until.ts'
import { untilSettled } from './settled-files.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-settled-'))
  file = join(folder, 'mail.yaml')
  writeFileSync(file, 'a: b\n')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const waiting = (clock: ReturnType<typeof createFakeClock>) => until(() => clock.sleeping === 1, { what: 'the wait' })

it('does not wait for files that changed long ago, or are absent', async () => {
  const clock = createFakeClock(Date.now() + 60_000)
  await untilSettled([file, join(folder, 'none')], clock)
  expect(clock.monotonic()).toBe(0)
})

it('waits until a file that changed just now has not changed for a while', async () => {
  const clock = createFakeClock(Date.now())
  let isDone = false
  const done = untilSettled([file], clock).then(() => (isDone = true))
  for (const text of ['a: b\nc', 'a: b\nc: d\n']) {
    await waiting(clock)
    writeFileSync(file, text)
    await clock.advance(250)
    expect(isDone).toBe(false)
  }
  await waiting(clock)
  await clock.advance(250)
  await done
})

it('does not wait for ever', async () => {
  const clock = createFakeClock(Date.now())
  const done = untilSettled([file], clock)
  for (let n = 0; n < 40; n++) {
    await waiting(clock)
    utimesSync(file, new Date(), new Date(n * 1000))
    clock.set(Date.now() - 250)
    await clock.advance(250)
  }
  await done
})
