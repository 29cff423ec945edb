import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { Config } from '../config/config.ts'
import { keepLastRun, readLastRun } from './last-run.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'waypost-last-run-'))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

const configOf = (directory: string) =>
  ({ data: directory, hostname: 'mx-01.example.org', role: { role: 'mx' } }) as unknown as Config

it('has the start while the node runs and after a kill, and the end after a stop', async () => {
  const clock = createFakeClock()
  const stops = new AsyncDisposableStack()
  const { startedAt } = await keepLastRun(configOf(data), { clock, log: { warn: () => undefined }, stops })
  expect(startedAt).toBe(clock.now())
  expect(await readLastRun(data)).toMatchObject({ node: 'mx-01.example.org', role: 'mx', startedAt, stoppedAt: null })
  await clock.advance(60_000)
  await stops.disposeAsync()
  expect(await readLastRun(data)).toMatchObject({ startedAt, stoppedAt: startedAt + 60_000 })
})

it('is no reason to refuse a start', async () => {
  const warnings: object[] = []
  const stops = new AsyncDisposableStack()
  const log = { warn: (fields: object) => void warnings.push(fields) }
  await keepLastRun(configOf(join(data, 'missing')), { clock: createFakeClock(), log, stops })
  expect(warnings).toHaveLength(1)
  expect(await readLastRun(join(data, 'missing'))).toBeNull()
})
