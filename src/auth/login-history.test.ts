import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { openLoginHistory } from './login-history.ts'

const source = { ip: '192.0.2.1', listener: 'submissions', way: 'password', client: 'laptop.example' }
let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'waypost-history-'))))
afterEach(() => rmSync(folder, { recursive: true }))
const open = (clock = createFakeClock()) => openLoginHistory(join(folder, 'login-history'), clock)

it('keeps a row for each client, the newest first, and counts repeated logins', async () => {
  const clock = createFakeClock()
  const history = await open(clock)
  const start = clock.now()
  history.succeeded('lee', source)
  await clock.advance(60_000)
  history.succeeded('lee', { ...source, way: 'app phone' })
  await clock.advance(60_000)
  history.succeeded('lee', source)
  history.failed('lee', { ip: '198.51.100.7', listener: 'page' })
  expect(history.of('lee')).toMatchObject({
    logins: [
      { way: 'password', first: start, last: start + 120_000, count: 2 },
      { way: 'app phone', count: 1 },
    ],
    failures: [{ ip: '198.51.100.7', count: 1 }],
  })
  expect(history.of('kim')).toEqual({ logins: [], failures: [] })
})

it('survives a restart and damaged lines, and is bounded', async () => {
  const first = await open()
  for (let number = 0; number < 30; number++) {
    first.succeeded('lee', { ...source, ip: `192.0.2.${number}`, client: 'x'.repeat(100) })
    first.failed('lee', { ip: `192.0.2.${number}`, listener: 'page' })
  }
  await first.save()
  appendFileSync(join(folder, 'login-history'), 'damaged\n{"user":1}\n{"user":"kim","logins":[{}],"failures":[null]}\n')
  const { logins, failures } = (await open()).of('lee')
  expect([logins.length, failures.length]).toEqual([20, 10])
  expect(logins[0]).toMatchObject({ ip: '192.0.2.29', client: 'x'.repeat(64) })
  expect((await open()).of('kim')).toEqual({ logins: [], failures: [] })
})
