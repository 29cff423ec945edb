// A process that works on a queue is killed with SIGKILL at random moments, again and again on the same directory; then a last one brings
// every mail to its end. Whatever was acknowledged must hold. Beside it, the same for a process that hands one queue over to another. For
// minutes, and with a whole node: `node test/faults/long-kill.ts`.

import { expect, it } from 'vitest'
import { reportLine } from '../lib/kills/kill-report.ts'
import { longKill } from './long-kill.ts'

/** Duration of the test, ms. */
const KILLING_MS = Number(process.env.WAYPOST_KILL_MS ?? 10_000)

it('keeps every promise of the state table, and hands every mail over once', { timeout: 120_000 }, async () => {
  const reports = await longKill(KILLING_MS, ['queue', 'transfer'])
  for (const report of reports) {
    process.stderr.write(`${reportLine(report)}\n`)
    expect(report.broken).toEqual([])
    expect(report.kills).toBeGreaterThan(1)
    expect(report.counts.accepted).toBeGreaterThan(report.kills)
  }
})
