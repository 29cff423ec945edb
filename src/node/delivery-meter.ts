// Times and counts the attempts of delivery where they are made, by group of destinations: an event of the ledger does not say which
// next hop it is about.

import type { Agent, AttemptResult } from '../delivery/attempt/agent.ts'
import type { Clock } from '../lib/clock.ts'
import type { HistogramSource, GaugeSource } from '../observe/metrics.ts'
import type { Outcome } from '../queue/contract/outcome.ts'
import type { Claim } from '../queue/contract/queue.ts'
import { type MailProvider, providerOfDomain, providerOfHost } from '../smtp/mail-provider.ts'
import { parseNextHop } from '../smtp/nexthop.ts'
import { tlsWord } from '../observe/tls-word.ts'
import { createCounted, createTimed } from './counted-metric.ts'

/** A group of destinations. `fleet`: nodes of ours. `local`: LMTP servers, smarthosts by address only, and stores of this node. */
export type DestinationGroup = MailProvider | 'fleet' | 'local'

export interface DeliveryMeter {
  readonly metrics: readonly GaugeSource[]
  readonly histograms: readonly HistogramSource[]
  /** The agent with its attempts timed. */
  agent(others: Agent): Agent
}

const MS = 1000
/** Seconds of an attempt: a warm connection, one with TLS, a host that scans mail, and the limits of RFC 5321 section 4.5.3.2. */
const attemptBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
/** Seconds from the arrival to the first attempt: at once, behind other mail, behind a full destination. */
const waitBuckets = [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120, 600, 3600]
/** Seconds from the arrival to the delivery: the first attempt, a greylist, each later retry up to the lifetime of five days. */
const delayBuckets = [0.1, 0.5, 1, 5, 30, 120, 600, 1800, 3600, 14_400, 86_400, 432_000]

export function createDeliveryMeter(clock: Pick<Clock, 'now' | 'monotonic'>): DeliveryMeter {
  const attempts = createTimed({
    name: 'waypost_attempt_seconds',
    help: 'Time of attempts to deliver, by group of destinations and the best result among the recipients.',
    labels: ['provider', 'result'],
    buckets: attemptBuckets,
  })
  const waits = createTimed({
    name: 'waypost_queue_wait_seconds',
    help: 'Time from the arrival of a message to its first attempt, by origin class.',
    labels: ['origin'],
    buckets: waitBuckets,
  })
  const delays = createTimed({
    name: 'waypost_delivery_delay_seconds',
    help: 'Time from the arrival of a message to its delivery to a recipient, by group of destinations.',
    labels: ['provider'],
    buckets: delayBuckets,
  })
  const results = createCounted({
    name: 'waypost_deliveries_total',
    help: 'Results of attempts for a recipient, by group of destinations, result, and class of the remote reply (`none` if no rule knows it).',
    labels: ['provider', 'result', 'class'],
  })
  const levels = createCounted({
    name: 'waypost_deliveries_tls_total',
    help: 'Delivered recipients, by group of destinations, and protocol and level of TLS.',
    labels: ['provider', 'tls'],
  })
  const note = (claim: Claim, seconds: number, { outcomes }: AttemptResult) => {
    const group = groupOf(
      claim.nextHop,
      outcomes.map(({ outcome }) => outcome.host).find((host) => host !== null),
    )
    const labels = { provider: group }
    for (const { outcome } of outcomes) {
      results.count({ ...labels, result: outcome.kind, class: classOf(outcome) })
      if (outcome.kind !== 'delivered') continue
      levels.count({ ...labels, tls: tlsWord(outcome.tls) })
      delays.add(labels, Math.max(0, clock.now() - claim.message.arrivedAt) / MS)
    }
    attempts.add({ ...labels, result: bestOf(outcomes.map(({ outcome }) => outcome)) }, seconds)
  }
  return {
    metrics: [results.metric, levels.metric],
    histograms: [attempts.source, waits.source, delays.source],
    agent: (others) => ({
      attempt: async (claim) => {
        const since = clock.monotonic()
        const waited = Math.max(0, clock.now() - claim.message.arrivedAt) / MS
        const result = await others.attempt(claim)
        // Nothing was sent: the attempt that will be made counts.
        if (result.postponeMs !== undefined) return result
        if (claim.recipients.every(({ attempt }) => attempt === 1))
          waits.add({ origin: claim.message.origin.kind }, waited)
        note(claim, (clock.monotonic() - since) / MS, result)
        return result
      },
    }),
  }
}

/** The group of a destination: by its kind, by the host that was reached, or else by the name that is looked up. */
export function groupOf(nextHop: string, host: string | undefined | null): DestinationGroup {
  const hop = parseNextHop(nextHop)
  switch (hop?.kind) {
    case 'peers':
      return 'fleet'
    case 'socket':
    case 'reports':
    case 'probe':
      return 'local'
    case 'host':
      return hop.protocol === 'lmtp' ? 'local' : providerOfHost(hop.host)
    case 'mx': {
      const found = host ? providerOfHost(host) : 'other'
      return found === 'other' ? providerOfDomain(hop.domain) : found
    }
    case undefined:
      return 'other'
  }
}

function classOf(outcome: Outcome): string {
  return outcome.kind === 'delivered' ? 'none' : (outcome.replyClass ?? 'none')
}

function bestOf(outcomes: readonly Outcome[]): Outcome['kind'] {
  const kinds = outcomes.map(({ kind }) => kind)
  return (['delivered', 'deferred', 'failed'] as const).find((kind) => kinds.includes(kind)) ?? 'deferred'
}
