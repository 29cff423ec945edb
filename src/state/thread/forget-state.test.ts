// What the files of state forget in time is in no octet of them, nor of their write-ahead logs.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createStateEngine, type StateEngine } from './state-engine.ts'
import type { StateSpec } from './state-messages.ts'

const NOW = Date.UTC(2026, 10, 21)
const DAY = 86_400_000
const HOUR = 3_600_000
let folder: string
let clock: number
let engine: StateEngine

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forget-state-'))
  clock = 0
  engine = createStateEngine({ monotonic: () => clock })
})
afterEach(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

function open(spec: { readonly kind: StateSpec['kind']; readonly capacity?: number; readonly share?: number }) {
  const path = join(folder, `${spec.kind}.db`)
  engine.answer([{ kind: 'open', file: 1, spec: { path, ...spec } as StateSpec }])
  return (operation: string, ...args: readonly unknown[]) => {
    const { values, failures } = engine.answer([{ kind: 'run', file: 1, operation, args }])
    expect(failures).toEqual([])
    return values[0]
  }
}

const octets = () => Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
/** People with names that only these tests have; every other one stays. */
const people = Array.from(
  { length: 400 },
  (_, n) => `${((n * 7919) % 9973).toString(36)}-${n % 2 ? 'stays' : 'goes'}-${n}`,
)
const goes = people.filter((name) => name.includes('goes'))

it('accounts', () => {
  const run = open({ kind: 'accounts' })
  for (const name of people) {
    const at = name.includes('goes') ? NOW - 31 * DAY : NOW
    run('failed', [`user:${name}`], at)
    run('sent', { queueId: `Q${name}`, account: `user:${name}`, at })
    run('observe', { names: [`user:${name}`], network: '192.0.2.0/24', subject: null, spam: null, at })
  }
  expect(octets().includes('goes')).toBe(true)
  for (let n = 0; n < 3; n++) run('purge', NOW, 30 * DAY)
  clock += DAY
  run('purge', NOW, 30 * DAY)
  for (const name of goes) expect(octets().includes(name)).toBe(false)
  expect(octets().includes('stays-399')).toBe(true)
})

it('bans', () => {
  const run = open({ kind: 'bans', capacity: 1000 })
  const rules = { duration: HOUR, longest: DAY, account: HOUR }
  for (const value of people)
    run(
      'add',
      { kind: 'account', value, at: value.includes('goes') ? NOW - 9 * DAY : NOW, reason: 'guesses', evidence: value },
      rules,
    )
  const { news } = run('news') as { readonly news: readonly unknown[] }
  run('reported', news)
  expect(octets().includes('goes')).toBe(true)
  run('purge', NOW - 7 * DAY)
  clock += DAY
  run('purge', NOW - 7 * DAY)
  for (const name of goes) expect(octets().includes(name)).toBe(false)
  expect(run('standing', NOW, 1000)).toHaveLength(200)
})

it('the greylist', () => {
  const run = open({ kind: 'greylist', capacity: 1000, share: 1000 })
  const rules = { delay: 1000, window: DAY, allowFor: 7 * DAY }
  for (const name of people) {
    const at = name.includes('goes') ? NOW - 2 * DAY : NOW
    const sender = `${name}@a.example`
    run(
      'judge',
      { origins: [`${name}.example`], network: '192.0.2.0/24', sender, recipients: ['b@c.example'], reason: 'spf', at },
      rules,
    )
  }
  expect(octets().includes('goes')).toBe(true)
  run('purge', rules, NOW)
  clock += DAY
  run('purge', rules, NOW)
  for (const name of goes) expect(octets().includes(name)).toBe(false)
  expect(octets().includes('stays-399')).toBe(true)
})

it('webhooks that were sent', () => {
  const run = open({ kind: 'webhooks' })
  run(
    'add',
    'ops',
    people.map((name) => ({ key: name.length + name, at: NOW, body: `body of ${name} ${'x'.repeat(5000)}` })),
    1000,
  )
  for (let hook = run('next', 'ops') as { id: number } | null; hook; hook = run('next', 'ops') as { id: number } | null)
    run('finish', hook.id)
  clock += DAY
  run('waiting', 'ops')
  expect(octets().includes('body of')).toBe(false)
})
