// Prometheus metrics: counters fed by ledger events, gauges read from the rooms when somebody scrapes. The registry is passed in. No label
// takes its values from strangers: remote statuses, checks and TLS levels are folded into closed sets, or a peer could fill our memory.

import { Counter, Gauge, collectDefaultMetrics } from 'prom-client'
import type { Registry } from 'prom-client'
import { statusMeaning } from '../smtp/status.ts'
import type { TlsResult } from '../smtp/tls-result.ts'
import type { Event, EventKind } from './events.ts'

/** A number that a room can tell at any time; read at each scrape. */
export interface GaugeSource {
  /** Such as `waypost_queue_waiting`. */
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** It only grows, from 0 at the start: shown as a counter. */
  readonly counts?: true
  /** A source that fails keeps its old values and costs the scrape nothing. */
  read(): Promise<readonly GaugeValue[]> | readonly GaugeValue[]
}

export interface GaugeValue {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface MetricsSettings {
  readonly gauges: readonly GaugeSource[]
  /** Also memory, CPU and event loop of this process. */
  readonly process: boolean
}

export interface Metrics {
  record(event: Event): void
}

type Count = (event: Event, by: Counters) => void
type Counters = ReturnType<typeof createCounters>

export function createMetrics(registry: Registry, settings: MetricsSettings): Metrics {
  const counters = createCounters(registry)
  for (const source of settings.gauges) createGauge(registry, source)
  if (settings.process) collectDefaultMetrics({ register: registry })
  return { record: (event) => counts[event.kind](event, counters) }
}

function createCounters(registry: Registry) {
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Counter({ name: `waypost_${name}_total`, help, labelNames: [...labelNames], registers: [registry] })
  return {
    received: counter('received', 'Messages accepted, by origin class.', ['origin']),
    receivedOctets: counter('received_octets', 'Octets of accepted messages, by origin class.', ['origin']),
    rejected: counter('rejected', 'Refusals at SMTP time, by stage and status.', ['stage', 'status']),
    checks: counter('checks', 'Findings of content checks.', ['check', 'result']),
    routed: counter('resolved', 'Recipients resolved to a destination.', []),
    signed: counter('signed', 'DKIM signatures, by algorithm.', ['algorithm']),
    unsigned: counter('unsigned', 'Messages left unsigned.', []),
    attempts: counter('delivery_attempts', 'Ends of delivery attempts for one recipient, by result and status.', [
      'result',
      'status',
    ]),
    replies: counter('remote_replies', 'Refusals by other servers, by what they are about.', ['class']),
    tls: counter('delivered_tls', 'Recipients delivered, by TLS level reached.', ['tls']),
    notices: counter('notices', 'DSNs owed, by kind and whether one was sent.', ['notice', 'sent']),
    untold: counter('notices_unsent', 'Notices that nobody got, by the reason.', ['reason']),
    controlled: counter('controlled', 'Actions on queued recipients.', ['action']),
    discarded: counter('discarded', 'Recipients accepted and dropped by a rule.', []),
    steered: counter('destinations_steered', 'Destinations suspended or resumed by a person.', ['action']),
    handedOver: counter('handed_over', 'Recipients handed over to another node.', []),
    takenOver: counter('taken_over', 'Recipients taken over from another node.', []),
  }
}

const attemptEnd: Count = (event, by) => {
  if (!('attempt' in event)) return
  by.attempts.inc({ result: event.kind, status: knownStatus(event.status) })
  if (event.class !== undefined) by.replies.inc({ class: word(event.class) })
  if (event.kind === 'delivered') by.tls.inc({ tls: tlsLevel(event.tls) })
}

const controlled: Count = (event, by) => by.controlled.inc({ action: event.kind })
const steered: Count = (event, by) => by.steered.inc({ action: event.kind })

const counts: Readonly<Record<EventKind, Count>> = {
  received: (event, by) => {
    if (event.kind !== 'received') return
    const origin = event.origin.split(':', 1)[0] as string
    by.received.inc({ origin })
    by.receivedOctets.inc({ origin }, event.size)
  },
  rejected: (event, by) => {
    if (event.kind === 'rejected')
      by.rejected.inc({ stage: event.stage, status: knownStatus(event.reply.split(' ', 2)[1] ?? '') })
  },
  checked: (event, by) => {
    if (event.kind === 'checked') by.checks.inc({ check: word(event.check), result: word(event.result) })
  },
  resolved: (_, by) => by.routed.inc(),
  signed: (event, by) => {
    if (event.kind === 'signed') by.signed.inc({ algorithm: word(event.algorithm) })
  },
  unsigned: (_, by) => by.unsigned.inc(),
  delivered: attemptEnd,
  deferred: attemptEnd,
  failed: attemptEnd,
  expired: attemptEnd,
  notified: (event, by) => {
    if (event.kind !== 'notified') return
    by.notices.inc({ notice: event.notice, sent: event.dsn === null ? 'no' : 'yes' })
    if (event.dsn === null) by.untold.inc({ reason: reasonWord(event.reason) })
  },
  held: controlled,
  released: controlled,
  retried: controlled,
  removed: controlled,
  bounced: controlled,
  recovered: controlled,
  'action-pending': controlled,
  suspended: steered,
  resumed: steered,
  discarded: (_, by) => by.discarded.inc(),
  'handed-over': (_, by) => by.handedOver.inc(),
  'transfer-accepted': (_, by) => by.takenOver.inc(),
}

function createGauge(registry: Registry, source: GaugeSource): void {
  const options = {
    name: source.name,
    help: source.help,
    labelNames: [...source.labels],
    registers: [registry],
    collect: async () => {
      try {
        const values = await source.read()
        metric.reset()
        for (const { labels, value } of values) {
          if (metric instanceof Gauge) metric.set(labels, value)
          else metric.inc(labels, value)
        }
      } catch {
        // The room that failed says so in its health; a scrape shows what was last known.
      }
    },
  }
  const metric: Gauge | Counter = source.counts ? new Counter(options) : new Gauge(options)
}

/** A status of our table as it is; any other folded to its class. */
function knownStatus(status: string): string {
  if (statusMeaning(status)) return status
  return /^[245]\./.test(status) ? `${status[0]}.other` : 'none'
}

/** Protocol and level, such as `TLSv1.3 verified`. */
function tlsLevel(tls: TlsResult | null): string {
  if (tls === null || tls.level === 'none') return 'none'
  return /^TLSv1(?:\.[0-3])?$/.test(tls.protocol ?? '') ? `${tls.protocol} ${tls.level}` : 'other'
}

/** Reasons of bounce/decide.ts in one word each: `NOTIFY=NEVER` is asked for by the sender. */
function reasonWord(reason = ''): string {
  return reason.startsWith('NOTIFY=') ? 'not-asked-for' : word(reason.replaceAll("'", '').replaceAll(' ', '-'))
}

/** Words of our own code; whatever has another shape is not one. */
function word(text: string): string {
  return /^[a-z0-9-]{1,32}$/.test(text) ? text : 'other'
}
