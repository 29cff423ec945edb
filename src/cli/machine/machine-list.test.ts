// waypost machine list: states of machines, keys in use, and unknown certificates of the ledger.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type QueueNode, queueNode, runCommand } from '../../../test/lib/queue-command.ts'
import { openLastUses } from '../../auth/last-uses.ts'
import { notingMachines } from '../../node/machine-use.ts'
import type { RejectedEvent } from '../../observe/events.ts'
import { machineList } from './machine-list.ts'

const NOW = Date.UTC(2027, 0, 15, 8)
const DAY_MS = 86_400_000
const print = (digit: string) => digit.repeat(64)
let node: QueueNode
beforeEach(() => {
  node = queueNode()
})
afterEach(() => node.place.remove())

async function seen(identity: string, key: string, at: number) {
  const data = join(node.folder, 'data')
  mkdirSync(data, { recursive: true })
  const use = await openLastUses(join(data, 'machines-used'), { now: () => at })
  const machines = notingMachines({ identify: async () => ({ kind: 'identified', identity }) }, use)
  await machines.identify({ subject: '', keyFingerprint: print(key), fingerprint: print('f') }, '192.0.2.7')
  await use.save()
}

const list = (json = false) =>
  runCommand((io) => machineList({ config: node.config, json, since: NOW - DAY_MS, now: NOW }, io))

it('shows the machines that never came, are unused or have expired, and the keys that are not used', async () => {
  const rows = [
    `{ name: web-01, keys: ["${print('1')}", "${print('2')}"] }`,
    `{ name: new-01, keys: ["${print('3')}"] }`,
    `{ name: old-01, keys: ["${print('4')}"] }`,
    `{ name: gone-01, keys: ["${print('5')}"], expires: 2027-01-14 }`,
    `{ name: soon-01, keys: ["${print('6')}"], expires: 2027-02-01 }`,
  ]
  configure(rows)
  await seen('old-01', '4', NOW - 100 * DAY_MS)
  await seen('gone-01', '5', NOW - 2 * DAY_MS)
  await seen('soon-01', '6', NOW - DAY_MS)
  await seen('web-01', '2', NOW - 60_000)
  const { code, out } = await list()
  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([
    'web-01   in use, last 2027-01-15T07:59:00Z from 192.0.2.7, 1 of 2 fingerprints not used',
    'new-01   never seen',
    'old-01   unused, last 2026-10-07T08:00:00Z from 192.0.2.7',
    'gone-01  expired, last 2027-01-13T08:00:00Z from 192.0.2.7, last day was 2027-01-14',
    'soon-01  expires soon, last 2027-01-14T08:00:00Z from 192.0.2.7, last day 2027-02-01',
    '',
  ])
})

it('lists unknown certificates of the ledger', async () => {
  configure([`{ name: web-01, keys: ["${print('1')}"] }`])
  const queue = await node.open()
  const cause = `192.0.2.9: unknown certificate CN=db-01, key sha256:${print('9')}`
  const event = (at: number, change: Partial<RejectedEvent> = {}): RejectedEvent => ({
    kind: 'rejected',
    at,
    queueId: null,
    session: `s${at}`,
    check: 'admission',
    stage: 'helo',
    sender: null,
    remote: 'unknown[192.0.2.9]',
    reply: '554 5.7.1 This server accepts known clients only',
    cause,
    ...change,
  })
  await queue.record([
    event(NOW - 2000),
    event(NOW - 1000),
    event(NOW - 2 * DAY_MS),
    event(NOW - 500, { check: 'bans' }),
  ])
  await queue.close()
  const { unknown } = JSON.parse((await list(true)).out) as { unknown: unknown[] }
  expect(unknown).toEqual([
    { what: `CN=db-01, key sha256:${print('9')}`, count: 2, last: NOW - 1000, client: 'unknown[192.0.2.9]' },
  ])
  expect((await list()).out).toContain(`  CN=db-01, key sha256:${print('9')}, 2 times, last 2027-01-15T07:59:59Z from`)
})

function configure(rows: readonly string[]) {
  writeFileSync(join(node.folder, 'machines.yaml'), `machines:\n${rows.map((row) => `  - ${row}\n`).join('')}`)
  appendFileSync(node.config, 'machines: machines.yaml\n')
}
