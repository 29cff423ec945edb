// A process that works on a queue is killed with SIGKILL at random moments, again and again on the same directory; then a last one brings
// every mail to its end. Whatever was acknowledged must hold: docs/queue.md, "a crash leaves".

import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Event, finalKinds } from '../../src/observe/events.ts'
import { QueueReader } from '../../src/queue/reader.ts'

const child = join(import.meta.dirname, 'queue-kill-child.ts')
/** How long the killing goes on, ms. */
const KILLING_MS = Number(process.env.WAYPOST_KILL_MS ?? 12_000)

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waypost-kill-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Runs one life of the process; returns its acknowledged lines. `killAfter` counts from its opening of the queue. */
async function live(mode: 'work' | 'drain', prefix: string, killAfter: number | null): Promise<string[]> {
  const worker = spawn(process.execPath, [child, directory, mode, prefix], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const ended = new Promise<void>((resolve) => worker.once('close', () => resolve()))
  createInterface({ input: worker.stdout }).on('line', (line) => {
    lines.push(line)
    if (killAfter !== null && line.startsWith('opened')) setTimeout(() => worker.kill('SIGKILL'), killAfter)
  })
  await ended
  return lines
}

/** Words of the lines that begin with a word. */
const said = (lines: readonly string[], word: string) =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(' ').slice(1))

function readLedger(): Event[] {
  const reader = new QueueReader(directory)
  const events = [...reader.ledger()]
  reader.close()
  return events
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}

it('keeps every promise of the state table', { timeout: 120_000 }, async () => {
  const lines: string[] = []
  const until = Date.now() + KILLING_MS
  let kills = 0
  for (; Date.now() < until; kills++) {
    const life = await live('work', `L${kills}`, Math.random() * 150)
    expect(life[0]).toMatch(/^opened \d+ \d+ 0$/)
    lines.push(...life)
  }
  lines.push(...(await live('drain', 'last', null)))
  expect(lines.at(-1)).toBe('drained')

  const events = readLedger()
  const finals = countBy(
    events.filter((event) => finalKinds.includes(event.kind)),
    (event) => event.recipient ?? '',
  )
  const accepted = said(lines, 'accepted').map(([address]) => address ?? '')
  expect(accepted.length).toBeGreaterThan(kills)
  expect(accepted.filter((address) => finals.get(address) !== 1)).toEqual([])
  expect([...finals.values()].filter((count) => count !== 1)).toEqual([])
  expect(said(lines, 'mutilated')).toEqual([])

  const numbers = countBy(said(lines, 'attempt'), (words) => words.join(' '))
  const released = new Set(events.map((event) => event.recipient))
  expect(released.size).toBeGreaterThan(0)
  const repeated = [...numbers].filter(([, count]) => count > 1)
  expect(repeated.length).toBeLessThanOrEqual(said(lines, 'attempt').length * 0.1)

  const sent = countBy(said(lines, 'sent'), ([address]) => address ?? '')
  const duplicates = [...sent.values()].reduce((sum, count) => sum + count - 1, 0)
  expect(duplicates).toBeLessThanOrEqual(kills * 12 * 3)
  const settled = said(lines, 'settled').filter(([, kind]) => kind === 'delivered')
  const twice = countBy(settled, ([address]) => address ?? '')
  expect([...twice.values()].filter((count) => count > 1)).toEqual([])

  const failures = events.filter((event) => event.kind === 'failed' && !(event.recipient ?? '').includes('-dsn-'))
  const told = countBy(
    events.filter((event) => event.kind === 'notified' && event.notice === 'failed'),
    (event) => event.recipient ?? '',
  )
  expect(failures.filter((event) => told.get(event.recipient ?? '') !== 1)).toEqual([])

  const spool = join(directory, 'spool')
  expect(readdirSync(spool).flatMap((name) => readdirSync(join(spool, name)))).toEqual([])
})
