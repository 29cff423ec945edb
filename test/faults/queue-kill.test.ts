// A process that works on a queue is killed with SIGKILL at random moments, again and again on the same directory; then a last one brings
// every mail to its end. Whatever was acknowledged must hold. The same for a process that hands one queue over to another. For minutes:
// long-kill.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { reportLine } from '../lib/kills/kill-report.ts'
import { killHandOver } from '../lib/kills/killed-hand-over.ts'
import { killQueue } from '../lib/kills/killed-queue.ts'

/** How long the killing goes on, ms. */
const KILLING_MS = Number(process.env.WAYPOST_KILL_MS ?? 10_000)

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waypost-kill-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

it('keeps every promise of the state table', { timeout: 120_000 }, async () => {
  const report = await killQueue(directory, KILLING_MS)
  process.stderr.write(`${reportLine(report)}\n`)
  expect(report.broken).toEqual([])
  expect(report.counts.accepted).toBeGreaterThan(report.kills)
  expect(report.kills).toBeGreaterThan(3)
})

it('hands every mail over once', { timeout: 120_000 }, async () => {
  const report = await killHandOver(directory, KILLING_MS / 2)
  process.stderr.write(`${reportLine(report)}\n`)
  expect(report.broken).toEqual([])
  expect(report.kills).toBeGreaterThan(1)
})
