import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { openKnownClients } from './known-clients.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-known-'))
  path = join(folder, 'known-clients')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('known clients', () => {
  it('are the same after a restart', async () => {
    const clock = createFakeClock()
    const before = await openKnownClients(path, clock)
    before.add('lee', '203.0.113.7')
    before.add('kim@other.example', '2001:db8:0:1::/64')
    await before.save()
    const after = await openKnownClients(path, clock)
    expect(after.has('lee', '203.0.113.7')).toBe(true)
    expect(after.has('kim@other.example', '2001:db8:0:1::/64')).toBe(true)
    expect(after.has('kim', '203.0.113.7')).toBe(false)
  })

  it('write nothing that is not new', async () => {
    const known = await openKnownClients(path, createFakeClock())
    known.add('lee', '203.0.113.7')
    await known.save()
    writeFileSync(path, 'changed by someone')
    known.add('lee', '203.0.113.7')
    await known.save()
    expect(readFileSync(path, 'utf8')).toBe('changed by someone')
  })

  it('survive damaged lines, and a file cut at any octet loses its last line only', async () => {
    const clock = createFakeClock()
    const known = await openKnownClients(path, clock)
    for (let i = 0; i < 5; i++) known.add(`user${i}`, `203.0.113.${i}`)
    await known.save()
    const whole = readFileSync(path)
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length))
      const complete = whole.subarray(0, length).toString().split('\n').length - 1
      const read = await openKnownClients(path, clock)
      const found = [0, 1, 2, 3, 4].filter((i) => read.has(`user${i}`, `203.0.113.${i}`))
      expect(found.length).toBeGreaterThanOrEqual(complete)
    }
  })

  it('drop those that were not used for longest', async () => {
    const known = await openKnownClients(path, createFakeClock())
    for (let i = 0; i <= 100_000; i++) known.add(`user${i}`, '203.0.113.7')
    expect(known.has('user0', '203.0.113.7')).toBe(false)
    expect(known.has('user1', '203.0.113.7')).toBe(true)
  })
})
