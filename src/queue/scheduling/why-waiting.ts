// Why a queued recipient waits, and until when: the operator, the message's own back-off, the destination, or the node.

import { formatDuration } from '../../lib/duration.ts'
import type { Hold, ListedRecipient } from '../contract/queue-reader.ts'
import { isWaiting } from '../contract/states.ts'
import type { DestinationWait } from './destination-wait.ts'

/** What a running node knows about waiting mail beside its queue. */
export interface NodeWaits {
  /** Why nothing is attempted at all, or null. */
  readonly stopped: string | null
  /** By next hop. */
  readonly destinations: ReadonlyMap<string, DestinationWait>
}

export interface Wait {
  readonly reason: 'held' | 'suspended' | 'back-off' | 'stopped' | DestinationWait['reason'] | 'due'
  /** Unix ms; null if no time ends it. */
  readonly until: number | null
  /** The operator that stopped it, for `held` and `suspended`. */
  readonly by: Hold | null
  /** A sentence for people. */
  readonly text: string
}

/** Null for a recipient that does not wait for an attempt: it is in one, or it ended. */
export function whyWaiting(recipient: ListedRecipient, node: NodeWaits, now: number): Wait | null {
  const { state, hold, suspension } = recipient
  if (state === 'held') return stoppedBy('held', hold, now)
  if (!isWaiting(state)) return null
  if (recipient.suspended) return stoppedBy('suspended', suspension, now)
  const destination = node.destinations.get(recipient.nextHop) ?? null
  const { nextAttemptAt, attempts } = recipient
  if (nextAttemptAt > now && nextAttemptAt >= (destination?.until ?? 0)) return backOff(nextAttemptAt, attempts, now)
  if (node.stopped !== null) return { reason: 'stopped', until: null, by: null, text: 'due, but nothing is attempted' }
  if (destination) return atDestination(destination, now)
  return { reason: 'due', until: null, by: null, text: 'due now' }
}

function stoppedBy(reason: 'held' | 'suspended', by: Hold | null, now: number): Wait {
  const what = reason === 'held' ? 'held' : 'the destination is suspended'
  const end = by?.until === undefined ? '' : `, fails ${at(by.until, now)}`
  const text = by
    ? `${what} by ${by.by} since ${time(by.at)} (${age(now - by.at)} ago)${end}${by.reason ? `: ${by.reason}` : ', without a reason'}`
    : `${what}; the trace of the message says by whom`
  return { reason, until: by?.until ?? null, by, text }
}

function backOff(until: number, attempts: number, now: number): Wait {
  const cause =
    attempts === 0 ? 'as scheduled' : `back-off after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`
  return { reason: 'back-off', until, by: null, text: `next attempt ${at(until, now)}: ${cause}` }
}

function atDestination(wait: DestinationWait, now: number): Wait {
  return { reason: wait.reason, until: wait.until, by: null, text: `due; ${destinationText(wait, now)}` }
}

/** Why a destination gets no delivery, and until when. */
export function destinationText({ reason, until, active, limit }: DestinationWait, now: number): string {
  const texts: Readonly<Record<DestinationWait['reason'], string>> = {
    unreachable: 'its destination cannot be reached, and is probed',
    rate: 'the rate of its destination permits the next delivery',
    pause: 'its destination accepts nothing, by its own request or by a shared limit,',
    connections: 'all connections that the hosts of its destination may have are in use; the next try is at the latest',
    reports: 'all deliveries of reports to destinations not known to work are running; the next try is at the latest',
    concurrency: `${active} of ${limit} permitted deliveries to its destination are running`,
    slots: 'all deliveries that the node, or this kind of destination, may have at a time are running',
  }
  const end = until === null ? '' : reason === 'pause' ? ` until ${at(until, now)}` : ` ${at(until, now)}`
  return `${texts[reason]}${end}`
}

/** `2026-11-21T02:00:00.000Z (in 5m)`. */
function at(until: number, now: number): string {
  return `${time(until)} (in ${age(until - now)})`
}

/** In whole seconds below an hour, in whole minutes above. */
export function age(ms: number): string {
  const unit = ms < 3_600_000 ? 1000 : 60_000
  return formatDuration(Math.max(0, Math.round(ms / unit)) * unit)
}

/** ISO 8601, as in the log. */
function time(ms: number): string {
  return new Date(ms).toISOString()
}
