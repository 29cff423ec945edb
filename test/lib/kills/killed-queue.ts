// Kills a process that uses the queue alone: it accepts, claims, settles and notifies at random, again and again on one directory. A last
// process drains the queue. Then everything acknowledged must be true: docs/explanation/queue.md, "a crash leaves".

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { finalKinds } from '../../../src/observe/events.ts'
import type { Event } from '../../../src/observe/events.ts'
import { SyncQueueReader } from '../sync-queue-reader.ts'
import { countBy, type KillReport } from './kill-report.ts'
import { live } from './spawn-child.ts'

/** Workers of the child: what can be under way at a kill, in messages. */
const WORKERS = 12
/** The most recipients of one of its messages. */
const RECIPIENTS = 3

/** Kills for `ms`, then judges. */
export async function killQueue(directory: string, ms: number): Promise<KillReport> {
  const lines: string[] = []
  const broken: string[] = []
  const until = Date.now() + ms
  let kills = 0
  const life = (mode: string, prefix: string, killAfter: number | null) =>
    live({ script: 'queue-kill-child.ts', args: [directory, mode, prefix], killAfter, from: 'opened' })
  for (; Date.now() < until; kills++) {
    const said = await life('work', `L${kills}`, Math.random() * 150)
    if (!/^opened \d+ \d+ 0$/.test(said[0] ?? '')) broken.push(`life ${kills} began with: ${said[0]}`)
    lines.push(...said)
  }
  lines.push(...(await life('drain', 'last', null)))
  if (lines.at(-1) !== 'drained') broken.push('the last life did not drain')
  return judge({ directory, lines, kills, broken })
}

interface Evidence {
  readonly directory: string
  readonly lines: readonly string[]
  readonly kills: number
  readonly broken: string[]
}

function judge({ directory, lines, kills, broken }: Evidence): KillReport {
  const said = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(' ').slice(1))
  const events = readLedger(directory)
  const accepted = said('accepted').map(([address]) => address ?? '')
  const finals = countBy(
    events.filter((event) => finalKinds.includes(event.kind)),
    (event) => event.recipient ?? '',
  )
  for (const address of accepted) if (finals.get(address) !== 1) broken.push(`${address}: ${finals.get(address)} ends`)
  for (const [address, count] of finals) if (count !== 1) broken.push(`${address}: ${count} ends in the ledger`)
  for (const [queueId] of said('mutilated')) broken.push(`${queueId}: body mutilated`)
  const sent = countBy(said('sent'), ([address]) => address ?? '')
  const duplicates = [...sent.values()].reduce((sum, count) => sum + count - 1, 0)
  if (duplicates > kills * WORKERS * RECIPIENTS) broken.push(`${duplicates} duplicates in ${kills} kills`)
  const settled = said('settled').filter(([, kind]) => kind === 'delivered')
  for (const [address, count] of countBy(settled, ([one]) => one ?? ''))
    if (count > 1) broken.push(`${address}: settled as delivered ${count} times`)
  const attempts = said('attempt')
  const repeated = [...countBy(attempts, (words) => words.join(' ')).values()].filter((count) => count > 1)
  if (repeated.length > attempts.length * 0.1) broken.push(`${repeated.length} attempt numbers came again`)
  const bounces = judgeNotices(events, broken)
  const spool = join(directory, 'spool')
  for (const name of readdirSync(spool).flatMap((folder) => readdirSync(join(spool, folder))))
    broken.push(`orphan ${name}`)
  const counts = { accepted: accepted.length, attempts: attempts.length, duplicates, bounces }
  return { name: 'queue', kills, counts, broken }
}

/** Checks that every failure has one notification; returns their number. */
function judgeNotices(events: readonly Event[], broken: string[]): number {
  const failures = events.filter((event) => event.kind === 'failed' && !(event.recipient ?? '').includes('-dsn-'))
  const notified = countBy(
    events.filter((event) => event.kind === 'notified' && event.notice === 'failed'),
    (event) => event.recipient ?? '',
  )
  for (const { recipient = '' } of failures)
    if (notified.get(recipient) !== 1) broken.push(`${recipient}: notified ${notified.get(recipient) ?? 0} times`)
  return failures.length
}

function readLedger(directory: string): Event[] {
  const reader = new SyncQueueReader(directory)
  const events = [...reader.ledger()]
  reader.close()
  return events
}
