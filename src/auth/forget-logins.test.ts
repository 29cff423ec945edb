// The files of logins forget what is too old, and one person.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { openKnownClients } from './known-clients.ts'
import { openLastUses } from './last-uses.ts'
import { openLoginHistory } from './login-history.ts'

const DAY_MS = 86_400_000
let folder: string
let path: string
let clock: FakeClock

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logins-'))
  path = join(folder, 'file')
  clock = createFakeClock()
})
afterEach(() => rmSync(folder, { recursive: true }))

const source = { ip: '192.0.2.1', listener: 'submission', way: 'password', client: '' }
const written = () => readFileSync(path, 'utf8')

it('the history of logins', async () => {
  const file = await openLoginHistory(path, clock)
  file.succeeded('kim', source)
  file.succeeded('joe', source)
  file.failed('joe', source)
  await clock.advance(10 * DAY_MS)
  file.succeeded('joe', { ...source, ip: '192.0.2.2' })
  file.forget(clock.now() - 7 * DAY_MS)
  await file.save()
  expect(written()).not.toMatch(/kim|192\.0\.2\.1/)
  expect(file.of('joe')).toMatchObject({ logins: [{ ip: '192.0.2.2' }], failures: [] })
  expect([file.erase('joe'), file.erase('joe')]).toEqual([true, false])
  await file.save()
  expect(written()).toBe('')
})

it('known clients, after a month at the latest', async () => {
  const file = await openKnownClients(path, clock)
  file.add('kim', '192.0.2.1')
  file.add('joe', '192.0.2.1')
  await clock.advance(10 * DAY_MS)
  file.add('joe', '192.0.2.2')
  file.forget(clock.now() - 7 * DAY_MS)
  await file.save()
  expect(written()).not.toMatch(/kim|192\.0\.2\.1/)
  expect([file.has('joe', '192.0.2.2'), file.holds('192.0.2.1')]).toEqual([true, false])
  expect([file.erase('joe'), file.erase('joe'), file.holds('192.0.2.2')]).toEqual([true, false, false])
  file.add('lee', '192.0.2.3')
  await clock.advance(31 * DAY_MS)
  file.forget(0)
  expect(file.holds('192.0.2.3')).toBe(false)
})

it('last uses: the address of the client, and not the time', async () => {
  const file = await openLastUses(path, clock)
  file.note('kim', 'phone', '192.0.2.1')
  await clock.advance(10 * DAY_MS)
  file.note('joe', 'phone', '192.0.2.2')
  file.forget(clock.now() - 7 * DAY_MS)
  await file.save()
  expect(written()).not.toContain('192.0.2.1')
  expect(file.last('kim', { label: 'phone', created: 0 })).toEqual({ at: clock.now() - 10 * DAY_MS, ip: 'unknown' })
  const again = await openLastUses(path, clock)
  expect(again.last('kim', { label: 'phone', created: 0 })?.ip).toBe('unknown')
  expect([again.erase('kim'), again.erase('kim')]).toEqual([true, false])
})
