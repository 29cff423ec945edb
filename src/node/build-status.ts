// The status of a running node, gathered from its parts. Each answer is bounded, and what cannot be read is said, not waited for.

import type { Config } from '../config/config.ts'
import type { DeliveryEngine } from '../delivery/engine.ts'
import { type NodeStatus, type QueueStatus, STATUS_VERSION } from '../fleet-view/node-status.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import { RELEASE } from '../lib/program-version.ts'
import { withoutAddresses } from '../lib/without-addresses.ts'
import type { History } from '../observe/event-history.ts'
import type { Health, HealthReport } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import type { QueueReader } from '../queue/contract/queue-reader.ts'
import type { ConfigurationState } from './configuration-state.ts'
import type { Expiring } from './health-checks.ts'
import { reuse } from './queue-gauges.ts'

export interface StatusParts {
  readonly clock: Clock
  readonly startedAt: number
  readonly queue: Pick<OpenQueue, 'reader'>
  readonly engine: Pick<DeliveryEngine, 'waits'>
  readonly health: () => Promise<HealthReport>
  readonly rates: Pick<History, 'last'>
  readonly configuration: Pick<ConfigurationState, 'last'>
  readonly certificate: Current<Expiring | null>
  readonly bans: { readonly metric: GaugeSource }
  readonly accounts: { readonly metric: GaugeSource }
  readonly draining: AbortSignal
}

/** Destinations in the answer: those that an operator looks at first. */
const DESTINATIONS = 5
/** Characters of a text: replies and file names of strangers can be longer. */
const TEXT = 500

export function createNodeStatus(config: Config, parts: StatusParts): () => Promise<NodeStatus> {
  const { clock, startedAt, rates, configuration, certificate, draining } = parts
  const queue = queueStatus(parts)
  return async () => ({
    version: STATUS_VERSION,
    node: config.hostname,
    role: config.role.role,
    release: RELEASE,
    at: clock.now(),
    startedAt,
    draining: draining.aborted,
    health: shortened(await parts.health()),
    queue: await queue(),
    rates: { fiveMinutes: rates.last(5), hour: rates.last(60) },
    reload: reloadStatus(configuration.last()),
    certificates: expiries(certificate.value),
    bans: await sumOf(parts.bans.metric),
    holds: await sumOf(parts.accounts.metric),
  })
}

function queueStatus({ queue, engine, clock }: StatusParts): () => Promise<QueueStatus | null> {
  const readQueue = reuse(async () => {
    const stats = await queue.reader.stats()
    const destinations = stats.destinations.slice(0, DESTINATIONS)
    const replies = await Promise.all(destinations.map(({ nextHop }) => lastReply(queue.reader, nextHop)))
    return { ...stats, destinations: destinations.map((one, index) => ({ ...one, lastReply: replies[index] ?? null })) }
  }, clock)
  return async () => {
    // The health says why it cannot be read.
    const read = await readQueue().catch(() => null)
    if (read === null) return null
    const { paused, destinations: waits } = await engine.waits()
    const byHop = new Map(waits.map((one) => [one.nextHop, one]))
    return {
      messages: read.messages,
      recipients: read.recipients,
      oldestArrivedAt: read.oldestArrivedAt,
      noticesDue: read.noticesDue,
      suspended: read.suspended.length,
      destinations: read.destinations.map((one) => ({
        nextHop: one.nextHop,
        waiting: one.waiting,
        earliestAttemptAt: one.earliestAttemptAt,
        wait: byHop.get(one.nextHop) ?? null,
        lastReply: one.lastReply,
      })),
      paused,
    }
  }
}

/**
 * Host and reply of the last attempt for the oldest recipient of a destination that a bounded look finds, without mail addresses: a node that
 * may ask how this one is may not learn whose mail waits. Null without an attempt.
 */
export async function lastReply(reader: Pick<QueueReader, 'page'>, nextHop: string): Promise<string | null> {
  const { messages } = await reader.page({ destination: nextHop }, { after: null, limit: 1 })
  const last = messages[0]?.recipients[0]?.last
  if (!last) return null
  return withoutAddresses(`${last.host ? `${last.host}: ` : ''}${last.reply}`.slice(0, TEXT))
}

function shortened({ kind, checks }: HealthReport): NodeStatus['health'] {
  const short = (health: Health): Health =>
    'reason' in health ? { ...health, reason: health.reason.slice(0, TEXT) } : health
  return { kind, checks: Object.fromEntries(Object.entries(checks).map(([name, one]) => [name, short(one)])) }
}

function reloadStatus(last: ReturnType<ConfigurationState['last']>): NodeStatus['reload'] {
  if (last === null) return null
  const { at, result } = last
  if (result.kind === 'reloaded') return { at, result: 'reloaded', restartFor: result.restartFor, problem: null }
  return { at, result: 'refused', restartFor: [], problem: result.problems[0]?.message.slice(0, TEXT) ?? null }
}

function expiries(certificate: Expiring | null): NodeStatus['certificates'] {
  if (!certificate) return []
  const further = (certificate.more ?? []).map(({ expiresAt }, index) => ({ key: `tls.more.${index}`, expiresAt }))
  return [{ key: 'tls', expiresAt: certificate.expiresAt }, ...further]
}

/** 0 while it cannot be read; the health says so. */
async function sumOf(metric: GaugeSource): Promise<number> {
  try {
    return (await metric.read()).reduce((sum, { value }) => sum + value, 0)
  } catch {
    return 0
  }
}
