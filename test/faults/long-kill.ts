// Kills for minutes: the queue alone, a whole node and the hand-over, side by side, and prints what came of it. Not part of any suite:
//   node test/faults/long-kill.ts [MINUTES]
// Exit 1 if a promise was broken.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KillReport, reportLine } from '../lib/kills/kill-report.ts'
import { killTransfer } from '../lib/kills/killed-transfer.ts'
import { killNode } from '../lib/kills/killed-node.ts'
import { killQueue } from '../lib/kills/killed-queue.ts'

const MINUTE = 60_000
/** Broken promises printed of each series. */
const SHOWN = 20

const series = {
  queue: (folder: string, ms: number) => killQueue(join(folder, 'queue'), ms),
  transfer: (folder: string, ms: number) => killTransfer(join(folder, 'transfer'), ms),
  node: (_: string, ms: number) => killNode(ms),
} as const

/** Runs the series side by side for `ms`. */
export async function longKill(ms: number, names: readonly (keyof typeof series)[]): Promise<KillReport[]> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-long-kill-'))
  try {
    return await Promise.all(names.map((name) => series[name](folder, ms)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const reports = await longKill(Number(process.argv[2] ?? 5) * MINUTE, ['queue', 'transfer', 'node'])
  for (const report of reports) {
    process.stdout.write(`${reportLine(report)}\n`)
    for (const one of report.broken.slice(0, SHOWN)) process.stdout.write(`  ${one}\n`)
  }
  const kills = reports.reduce((sum, report) => sum + report.kills, 0)
  process.stdout.write(`${kills} kills in all\n`)
  process.exitCode = reports.some(({ broken }) => broken.length > 0) ? 1 : 0
}
