// The status of a node as text for people, at most 80 columns wide.

import type { NodeStatus, QueueStatus } from '../../fleet-view/node-status.ts'
import { counted } from '../../lib/counted.ts'
import { hangingLines } from '../../lib/hanging-lines.ts'
import { printable } from '../../lib/printable.ts'
import { firstSteps, howToOf } from '../../observe/first-steps.ts'
import type { LastRun } from '../../node/last-run.ts'
import { type RateCounts, ratedKinds } from '../../observe/event-history.ts'
import { age, destinationText } from '../../queue/scheduling/why-waiting.ts'
import type { NodeView } from './ask-status.ts'

const WIDTH = 80
const LABEL = 14
const DAY_MS = 86_400_000
/** Characters of a reply: three lines. */
const REPLY = 180
/** Before an advice. */
const DASH = `${' '.repeat(LABEL)}  - `

/** `now` is unix milliseconds. */
export function statusLines(view: NodeView, now: number): string[] {
  if (view.state === 'running') return runningLines(view.status, now)
  if (view.state === 'unknown') return row('', `unknown: ${view.problem}`, 0)
  return stoppedLines(view, now)
}

function runningLines(status: NodeStatus, now: number): string[] {
  const { node, role, release, startedAt, draining } = status
  const state = draining ? 'draining' : `up ${age(status.at - startedAt)}`
  return [
    ...row('', `${node}  ${role}, release ${release}, ${state} (since ${date(startedAt)})`, 0),
    ...healthLines(status.health),
    ...queueLines(status.queue, status.at),
    ...row('last 5 min', rateText(status.rates.fiveMinutes)),
    ...row('last hour', rateText(status.rates.hour)),
    ...row('reload', reloadText(status.reload, status.at)),
    ...certificateLines(status),
    ...row('bans', `${counted(status.bans, 'ban')}, ${counted(status.holds, 'account')} on hold`),
    ...clockLines(status.at, now),
  ]
}

function healthLines({ kind, checks }: NodeStatus['health']): string[] {
  const bad = Object.entries(checks).flatMap(([name, one]) => ('reason' in one ? [{ name, ...one }] : []))
  const notes = Object.entries(checks).flatMap(([name, one]) =>
    one.kind === 'ok' && one.note ? [{ name, ...one }] : [],
  )
  return [
    ...row('health', kind),
    ...bad
      .toSorted((a, b) => Number(b.kind === 'failing') - Number(a.kind === 'failing'))
      .flatMap(({ name, kind: is, reason }) => [...row('', `${name} ${is}: ${reason}`), ...adviceLines(name)]),
    ...notes.flatMap(({ name, note }) => row('', `${name}: ${note}`)),
  ]
}

function adviceLines(check: string): string[] {
  const first = firstSteps[check]
  if (!first) return []
  return [first.step, howToOf(first)].flatMap((text) => row(DASH, text, DASH.length))
}

function queueLines(queue: QueueStatus | null, now: number): string[] {
  if (queue === null) return row('queue', 'cannot be read')
  const { messages, oldestArrivedAt, noticesDue, suspended, paused, destinations, recipients } = queue
  const oldest = oldestArrivedAt === null ? '' : `, the oldest ${age(now - oldestArrivedAt)} old`
  const more = [
    ...(recipients.held ? [`${recipients.held} held`] : []),
    ...(noticesDue > 0 ? [`${counted(noticesDue, 'DSN')} due`] : []),
    ...(suspended > 0 ? [`${counted(suspended, 'destination')} suspended`] : []),
  ]
  return [
    ...row('queue', messages === 0 ? 'empty' : [`${counted(messages, 'message')}${oldest}`, ...more].join(', ')),
    ...(paused === null ? [] : row('', `nothing is attempted: ${paused}`)),
    ...destinations.flatMap((one) => [...row('', destinationLine(one, now)), ...replyLines(one)]),
  ]
}

function destinationLine(
  { nextHop, waiting, earliestAttemptAt, wait }: QueueStatus['destinations'][number],
  now: number,
): string {
  const next = earliestAttemptAt > now ? `next attempt in ${age(earliestAttemptAt - now)}` : 'due now'
  return `${waiting} for ${nextHop}: ${wait === null ? next : destinationText(wait, now)}`
}

/** What its host said last: why it waits. */
function replyLines({ lastReply }: QueueStatus['destinations'][number]): string[] {
  return lastReply === null ? [] : row(DASH, lastReply.replace(/\s+/g, ' ').slice(0, REPLY), DASH.length)
}

function rateText(counts: RateCounts): string {
  const all = ratedKinds.filter((kind) => counts[kind] > 0 || kind === 'received' || kind === 'delivered')
  return all.map((kind) => `${counts[kind]} ${kind}`).join(', ')
}

function reloadText(reload: NodeStatus['reload'], now: number): string {
  if (reload === null) return 'none since the start'
  const when = `${date(reload.at)} (${age(now - reload.at)} ago)`
  if (reload.result === 'refused') return `refused ${when}: ${reload.problem ?? 'see the log'}`
  const left = reload.restartFor.length > 0 ? `; restart required for: ${reload.restartFor.join(', ')}` : ''
  return `done ${when}${left}`
}

function certificateLines({ certificates, at }: NodeStatus): string[] {
  if (certificates.length === 0) return row('certificate', 'none')
  return certificates.flatMap(({ key, expiresAt }, index) => {
    const left = Math.floor((expiresAt - at) / DAY_MS)
    const end = expiresAt <= at ? 'has expired' : `expires ${date(expiresAt)} (${counted(left, 'day')})`
    return row(index === 0 ? 'certificate' : '', `${key} ${end}`)
  })
}

/** Difference of two clocks that is worth a line, ms: more than the way of an answer takes. */
const CLOCK_MS = 5000

function clockLines(at: number, now: number): string[] {
  const ahead = at - now
  return Math.abs(ahead) < CLOCK_MS ? [] : row('clock', `${age(Math.abs(ahead))} ${ahead > 0 ? 'ahead' : 'behind'}`)
}

function stoppedLines(view: Extract<NodeView, { readonly state: 'stopped' | 'silent' }>, now: number): string[] {
  const { lastRun, queue, queueProblem } = view
  const head = lastRun ? `${lastRun.node}  ${lastRun.role}, release ${lastRun.release}, ` : ''
  return [
    ...row('', `${head}${view.state === 'silent' ? 'does not answer' : 'not running'}`, 0),
    ...(view.state === 'silent' ? row('', view.problem) : row('last run', lastRunText(lastRun, now))),
    ...(queue === null ? row('queue', queueProblem ?? 'cannot be read') : stoppedQueue(queue, now)),
  ]
}

function lastRunText(run: LastRun | null, now: number): string {
  if (run === null) return 'no start is recorded in the data directory'
  const started = `from ${date(run.startedAt)}`
  if (run.stoppedAt === null) return `${started}; it ended without a stop (a kill or a crash): see its log`
  return `${started} to ${date(run.stoppedAt)} (${age(now - run.stoppedAt)} ago): stopped in order`
}

function stoppedQueue(
  { messages, oldestArrivedAt, noticesDue }: Pick<QueueStatus, 'messages' | 'oldestArrivedAt' | 'noticesDue'>,
  now: number,
): string[] {
  const oldest = oldestArrivedAt === null ? '' : `, the oldest ${age(now - oldestArrivedAt)} old`
  const due = noticesDue > 0 ? `, ${counted(noticesDue, 'DSN')} due` : ''
  const waits =
    messages === 0 ? 'empty' : `${counted(messages, 'message')}${oldest}${due}; safe on disk until the start`
  return row('queue', waits)
}

/** To the minute: `2026-11-21 02:15Z`. */
function date(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}Z`
}

function row(label: string, text: string, indent: number = LABEL): string[] {
  return hangingLines(label, printable(text), { width: WIDTH, indent })
}
