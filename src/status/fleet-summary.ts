// What the page says about a node in few words: from its last answer, or from this node itself. Texts of other nodes are foreign.

import type { BoardNode } from '../fleet-view/fleet-board.ts'
import type { NodeStatus, QueueStatus } from '../fleet-view/node-status.ts'
import type { Attention } from './attention.ts'
import { link, type Tone } from './frame.ts'
import { counted, rate, span } from './words.ts'

export interface NodeFigures {
  /** Messages a minute. */
  readonly accepted: string
  readonly delivered: string
  /** Recipients; null if not known. */
  readonly waiting: number | null
  /** Of the oldest message, ms; null for an empty queue. */
  readonly oldestMs: number | null
}

export interface NodeSummary {
  readonly name: string
  /** Null if neither the node nor the configuration has said it. */
  readonly role: string | null
  /** Null without a first answer: nothing is known but the name. */
  readonly figures: NodeFigures | null
  readonly isOwn: boolean
  readonly tone: Tone
  /** `ok`, `degraded`, `failing`, `draining` or `no answer`. */
  readonly state: string
  /** What needs attention there, the worst first. */
  readonly items: readonly Attention[]
  /** Of the last answer, ms; null for this node, for a node that never answered, and for a present answer. */
  readonly oldAnswerMs: number | null
}

/** Minutes of the rates in an answer. */
const RATE_MIN = 5
/** Difference of two clocks that an operator should correct, ms. */
const CLOCK_MS = 5000
/** As in the attention of this node. */
const OLD_MS = 4 * 3_600_000
/** Findings of one node: its page has all. */
const MOST = 4

export const healthTones = { ok: 'good', degraded: 'warn', failing: 'bad' } as const

export function summaryOf(node: BoardNode): NodeSummary {
  const { name, status, problem, ageMs } = node
  return {
    name,
    role: status?.role ?? node.role,
    figures: status && figuresOf(status),
    isOwn: false,
    ...stateOf(node),
    items: fleetAttention(node),
    oldAnswerMs: problem === null ? null : ageMs,
  }
}

function figuresOf({ queue, rates: { fiveMinutes }, at }: NodeStatus): NodeFigures {
  return {
    accepted: rate(fiveMinutes.received, RATE_MIN),
    delivered: rate(fiveMinutes.delivered, RATE_MIN),
    waiting: queue && waitingIn(queue),
    oldestMs: queue && queue.oldestArrivedAt !== null ? Math.max(0, at - queue.oldestArrivedAt) : null,
  }
}

function stateOf({ status, problem }: BoardNode): Pick<NodeSummary, 'state' | 'tone'> {
  if (status === null || problem !== null) return { state: 'no answer', tone: 'bad' }
  if (status.draining) return { state: 'draining', tone: 'warn' }
  return { state: status.health.kind, tone: healthTones[status.health.kind] }
}

/** Recipients that wait for an attempt. */
export function waitingIn({ recipients }: QueueStatus): number {
  return (['queued', 'deferred', 'claimed'] as const).reduce((sum, state) => sum + (recipients[state] ?? 0), 0)
}

export function nodeLink(name: string): string {
  return link('/node', { name })
}

/** What an operator should look at, the worst first. */
function fleetAttention(node: BoardNode): readonly Attention[] {
  const { name, status, problem, ageMs } = node
  const to = nodeLink(name)
  const item = (tone: Attention['tone'], what: string, advice: string): Attention => ({ tone, what, advice, to })
  const age = ageMs === null ? '' : `; its last answer is ${span(ageMs)} old`
  const silent =
    problem === null
      ? []
      : [item('bad', `${name} does not answer: ${problem}${age}`, 'Run waypost status there, and look at its log.')]
  // What it said before is no news.
  if (status === null || problem !== null) return silent
  return [...healthItems(node, status, item), ...queueItems(name, status, item)].slice(0, MOST)
}

type ItemOf = (tone: Attention['tone'], what: string, advice: string) => Attention

function healthItems({ name, clockAheadMs }: BoardNode, status: NodeStatus, item: ItemOf): readonly Attention[] {
  const checks = Object.entries(status.health.checks)
    .flatMap(([check, health]) => (health.kind === 'ok' ? [] : [{ check, health }]))
    .toSorted((a, b) => Number(b.health.kind === 'failing') - Number(a.health.kind === 'failing'))
    .map(({ check, health }) =>
      item(
        health.kind === 'failing' ? 'bad' : 'warn',
        `${name}: ${check}: ${health.reason}`,
        health.kind === 'failing'
          ? 'That node does not do its work until this is solved.'
          : 'Mail flows, but an operator should act there.',
      ),
    )
  const isOther = status.node !== name && !name.startsWith(`${status.node}:`)
  const clock = clockAheadMs !== null && Math.abs(clockAheadMs) >= CLOCK_MS
  return [
    ...checks,
    ...(clock
      ? [
          item(
            'warn',
            `${name}: its clock is ${span(Math.abs(clockAheadMs))} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this one`,
            'Synchronise the clocks: times in traces and signatures depend on them.',
          ),
        ]
      : []),
    ...(isOther
      ? [item('warn', `${name} calls itself ${status.node}`, 'Compare fleet_view.nodes with hostname of that node.')]
      : []),
  ]
}

function queueItems(name: string, { queue, at }: NodeStatus, item: ItemOf): readonly Attention[] {
  if (queue === null) return []
  const held = queue.recipients.held ?? 0
  const oldMs = queue.oldestArrivedAt === null ? 0 : at - queue.oldestArrivedAt
  return [
    ...(queue.paused === null
      ? []
      : [item('bad', `${name}: nothing is delivered: ${queue.paused}`, 'Its queue keeps all mail until then.')]),
    ...(queue.suspended > 0
      ? [
          item(
            'warn',
            `${name}: ${counted(queue.suspended, 'destination')} suspended`,
            'Resume them there when the reason is gone.',
          ),
        ]
      : []),
    ...(held > 0
      ? [item('plain', `${name}: ${counted(held, 'recipient')} on hold`, 'Release, bounce or remove the mail there.')]
      : []),
    ...(oldMs > OLD_MS
      ? [
          item(
            'plain',
            `${name}: the oldest message has been in the queue for ${span(oldMs)}`,
            'The page of the node says for which destinations mail waits.',
          ),
        ]
      : []),
  ]
}
