// What an operator should look at first: pure, from what the node knows, the worst first.

import type { HealthReport } from '../observe/health-report.ts'
import type { QueueOverview } from '../queue/contract/queue-reader.ts'
import type { DestinationSummary } from '../queue/contract/queue.ts'
import { destinationText, type NodeWaits } from '../queue/scheduling/why-waiting.ts'
import type { AccountHold } from '../state/brake-contract.ts'
import { counted, span } from './words.ts'

export interface Attention {
  readonly tone: 'bad' | 'warn' | 'plain'
  /** Of this node or of strangers: shown as foreign text. */
  readonly what: string
  readonly advice: string
  /** The view with more; null without one. */
  readonly to: string | null
}

export interface AttentionFacts {
  readonly health: HealthReport
  readonly overview: QueueOverview
  readonly destinations: readonly DestinationSummary[]
  readonly waits: NodeWaits
  /** Null: not known. */
  readonly holds: readonly AccountHold[] | null
  /** Unix ms. */
  readonly now: number
}

/** Mail that waits longer than this is worth a look: most back-offs have tried several times by then. */
const OLD_MS = 4 * 3_600_000
/** Entries of one kind; the views have all. */
const MOST = 5

const views: Readonly<Record<string, string>> = {
  queue: '/queue',
  certificate: '/certificates',
  certificates: '/certificates',
  dns: '/certificates',
  validation: '/certificates',
  directory: '/directory',
  accounts: '/accounts',
  bans: '/accounts',
  quarantine: '/queue/messages?state=held',
  modes: '/checks',
}

export function attentionOf(facts: AttentionFacts): readonly Attention[] {
  return worstFirst([...healthItems(facts.health), ...stoppedItems(facts), ...queueItems(facts)])
}

export function worstFirst(items: readonly Attention[]): readonly Attention[] {
  const order = ['bad', 'warn', 'plain']
  return items.toSorted((a, b) => order.indexOf(a.tone) - order.indexOf(b.tone))
}

function healthItems({ checks }: HealthReport): readonly Attention[] {
  return Object.entries(checks).flatMap(([name, health]): Attention[] => {
    if (health.kind === 'ok') return []
    const advice =
      health.kind === 'failing'
        ? 'The node does not do its work until this is solved; load balancers avoid it.'
        : 'Mail flows, but an operator should act.'
    return [
      {
        tone: health.kind === 'failing' ? 'bad' : 'warn',
        what: `${name}: ${health.reason}`,
        advice,
        to: views[name] ?? null,
      },
    ]
  })
}

function stoppedItems({ waits, overview, holds, now }: AttentionFacts): readonly Attention[] {
  const suspended = overview.suspended.slice(0, MOST).map(
    ({ nextHop, by, reason, at }): Attention => ({
      tone: 'warn',
      what: `${nextHop} is suspended by ${by} for ${span(now - at)}${reason === '' ? '' : `: ${reason}`}`,
      advice: 'Its mail waits and does not expire. Resume it when the reason is gone.',
      to: '/queue',
    }),
  )
  const accounts = (holds ?? []).slice(0, MOST).map(
    ({ account, by, reason, at }): Attention => ({
      tone: 'warn',
      what: `${account} is on hold by ${by} for ${span(now - at)}${reason === '' ? '' : `: ${reason}`}`,
      advice: 'Ask the person. Purge spam from the queue before you release the account.',
      to: '/accounts',
    }),
  )
  const paused: Attention[] =
    waits.stopped === null
      ? []
      : [
          {
            tone: 'bad',
            what: `Nothing is delivered: ${waits.stopped}`,
            advice: 'The queue keeps all mail until then.',
            to: '/queue',
          },
        ]
  return [...paused, ...accounts, ...suspended]
}

function queueItems({ overview, destinations, waits, now }: AttentionFacts): readonly Attention[] {
  const dead = destinations
    .filter(({ nextHop }) => waits.destinations.get(nextHop)?.reason === 'unreachable')
    .toSorted((a, b) => b.waiting - a.waiting)
  const unreachable = dead.slice(0, MOST).map(({ nextHop, waiting }): Attention => {
    const wait = waits.destinations.get(nextHop)
    return {
      tone: 'warn',
      what: `${nextHop}: ${counted(waiting, 'recipient')} wait${waiting === 1 ? 's' : ''}; ${wait ? destinationText(wait, now) : ''}`,
      advice: 'The node tries again by itself. Look at the last replies if it takes long.',
      to: `/queue/messages?destination=${encodeURIComponent(nextHop)}`,
    }
  })
  const { held, oldestArrivedAt } = overview
  const heldItem: Attention[] =
    held === 0
      ? []
      : [
          {
            tone: 'plain',
            what: `${counted(held, 'recipient')} on hold`,
            advice: 'Release, bounce or remove the mail after a look.',
            to: '/queue/messages?state=held',
          },
        ]
  const isOld = oldestArrivedAt !== null && now - oldestArrivedAt > OLD_MS
  const oldItem: Attention[] = isOld
    ? [
        {
          tone: 'plain',
          what: `The oldest message has been in the queue for ${span(now - oldestArrivedAt)}`,
          advice: 'The view of the queue says why it waits.',
          to: '/queue/messages',
        },
      ]
    : []
  return [...unreachable, ...heldItem, ...oldItem]
}
