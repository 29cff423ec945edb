// Prometheus metrics: counters fed by events, gauges read at each scrape. No label value comes from a peer: statuses, check results and TLS
// levels are folded into closed sets, because each new value takes memory.

import { Counter, Gauge, Histogram, collectDefaultMetrics } from 'prom-client'
import type { Registry } from 'prom-client'
import { statusMeaning } from '../smtp/status.ts'
import type { TlsResult } from '../smtp/tls-result.ts'
import type { Event, EventKind, EventOf } from './events.ts'
import { createWords } from './label-bounds.ts'
import { tlsWord } from './tls-word.ts'

/** A metric that is read at each scrape. */
export interface GaugeSource {
  /** With unit and, for a counter, `_total` at the end. */
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** The value only grows, from 0 at the start: exposed as a counter. */
  readonly isCounter?: true
  /** If it fails, the scrape shows the last values. */
  read(): Promise<readonly GaugeValue[]> | readonly GaugeValue[]
}

export interface GaugeValue {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A histogram that its source fills. */
export interface HistogramSource {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[]
  /** Called once, with the function that adds a value. */
  feed(observe: (labels: Readonly<Record<string, string>>, value: number) => void): void
}

export interface MetricsSettings {
  readonly gauges: readonly GaugeSource[]
  readonly histograms?: readonly HistogramSource[]
  /** Whether to add memory, CPU and event loop of this process. */
  readonly process: boolean
  /** True for the Message-ID of a probe, which is no mail of users; absent for a node that knows no probes. */
  readonly isProbe?: (messageId: string | null) => boolean
}

export interface Metrics {
  record(event: Event): void
}

type Counters = ReturnType<typeof createCounters>

export function createMetrics(registry: Registry, settings: MetricsSettings): Metrics {
  const counters = createCounters(registry)
  const isProbe = settings.isProbe ?? (() => false)
  for (const source of settings.gauges) createGauge(registry, source)
  for (const source of settings.histograms ?? []) createHistogram(registry, source)
  if (settings.process) collectDefaultMetrics({ register: registry })
  return {
    record: (event) =>
      event.kind === 'received' && isProbe(event.messageId)
        ? counts.received({ ...event, origin: 'probe' }, counters)
        : (counts[event.kind] as (event: Event, counters: Counters) => void)(event, counters),
  }
}

function createCounters(registry: Registry) {
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Counter({ name: `waypost_${name}_total`, help, labelNames: [...labelNames], registers: [registry] })
  return {
    received: counter('messages_received', 'Accepted messages, by origin class; probes of the fleet are `probe`.', [
      'origin',
    ]),
    receivedBytes: counter(
      'received_bytes',
      'Size of accepted messages, by origin class; probes of the fleet are `probe`.',
      ['origin'],
    ),
    rejections: counter('rejections', 'Rejected connections, commands and messages, by stage and status.', [
      'stage',
      'status',
    ]),
    checks: counter('checks', 'Results of checks.', ['check', 'result']),
    resolved: counter('recipients_resolved', 'Recipients that were resolved to a destination.', []),
    signatures: counter('dkim_signatures', 'DKIM signatures, by algorithm.', ['algorithm']),
    unsigned: counter('messages_unsigned', 'Messages that were not signed.', []),
    attempts: counter('delivery_attempts', 'Attempts to deliver to a recipient, by result and status.', [
      'result',
      'status',
    ]),
    classified: counter('classified_replies', 'Remote refusals that match a reply rule, by class.', ['class']),
    delivered: counter('recipients_delivered', 'Delivered recipients, by protocol and level of TLS.', ['tls']),
    tlsFailures: counter('tls_failures', 'Attempts with a fault of TLS, by policy and type (RFC 8460 section 4.3).', [
      'policy',
      'failure',
    ]),
    tlsPolicies: counter(
      'tls_policies',
      'Attempts that reached a mail host or its TLS policy, by policy (`dane`, `mta-sts`, `may`), level of TLS (`none`, `encrypted`, `verified`) and result.',
      ['policy', 'level', 'result'],
    ),
    notices: counter('notices', 'DSNs that were due, by what they report and whether they were sent.', [
      'notice',
      'sent',
    ]),
    unsent: counter('notices_unsent', 'DSNs that were not sent, by reason.', ['reason']),
    actions: counter('queue_actions', 'Actions on queued recipients.', ['action']),
    discarded: counter('recipients_discarded', 'Recipients that were accepted and dropped by a rule.', []),
    destinationControls: counter('destination_controls', 'Suspensions and resumptions of destinations.', ['action']),
    bans: counter('bans', 'Bans, by what is banned and whether the node or an operator made them.', ['banned', 'by']),
    limitsNear: counter('limits_near', 'Warnings that an account is near a limit, by what is counted.', ['measure']),
    accountChanges: counter(
      'account_changes',
      'Changes that people made at the page of `self_service`, by what changed.',
      ['change'],
    ),
    accountsHeld: counter('accounts_held', 'Accounts that were put on hold, by the node or an operator.', ['by']),
    transfersSent: counter('transfers_sent', 'Recipients that were transferred to the queue of another node.', []),
    transfersAccepted: counter(
      'transfers_accepted',
      'Recipients that were accepted from the queue of another node.',
      [],
    ),
  }
}

type AttemptEvent = EventOf<'delivered' | 'deferred' | 'failed' | 'expired'>

function countAttempt(event: AttemptEvent, by: Counters): void {
  by.attempts.inc({ result: event.kind, status: knownStatus(event.status) })
  if (event.class !== undefined) by.classified.inc({ class: word(event.class) })
  if (event.tls !== null) countTls(event.tls, event.kind, by)
  if (event.kind === 'delivered') by.delivered.inc({ tls: tlsWord(event.tls) })
}

function countTls({ policy, level, failure }: TlsResult, result: AttemptEvent['kind'], by: Counters): void {
  by.tlsPolicies.inc({ policy: word(policy), level, result })
  if (failure !== undefined) by.tlsFailures.inc({ policy: word(policy), failure })
}

function countAction(event: Event, by: Counters): void {
  by.actions.inc({ action: event.kind })
}

function countDestinationControl(event: Event, by: Counters): void {
  by.destinationControls.inc({ action: event.kind })
}

const counts: { readonly [K in EventKind]: (event: EventOf<K>, by: Counters) => void } = {
  received: (event, by) => {
    const origin = event.origin.split(':', 1)[0] as string
    by.received.inc({ origin })
    by.receivedBytes.inc({ origin }, event.size)
  },
  rejected: ({ stage, reply }, by) => by.rejections.inc({ stage, status: knownStatus(reply.split(' ', 2)[1] ?? '') }),
  // Counted where the checks run: the ledger does not take every one.
  'would-reject': () => undefined,
  timed: () => undefined,
  checked: ({ check, result }, by) => by.checks.inc({ check: word(check), result: word(result) }),
  resolved: (_, by) => by.resolved.inc(),
  signed: ({ algorithm }, by) => by.signatures.inc({ algorithm: word(algorithm) }),
  unsigned: (_, by) => by.unsigned.inc(),
  delivered: countAttempt,
  deferred: countAttempt,
  failed: countAttempt,
  expired: countAttempt,
  notified: ({ notice, dsn, reason }, by) => {
    by.notices.inc({ notice, sent: dsn === null ? 'no' : 'yes' })
    if (dsn === null) by.unsent.inc({ reason: reasonWord(reason) })
  },
  held: countAction,
  released: countAction,
  retried: countAction,
  removed: countAction,
  bounced: countAction,
  recovered: countAction,
  'action-pending': countAction,
  suspended: countDestinationControl,
  resumed: countDestinationControl,
  discarded: (_, by) => by.discarded.inc(),
  transferred: (_, by) => by.transfersSent.inc(),
  'transfer-accepted': (_, by) => by.transfersAccepted.inc(),
  banned: ({ banned, by: who }, by) => by.bans.inc({ banned, by: who === 'node' ? 'node' : 'operator' }),
  unbanned: () => undefined,
  'account-held': ({ by: who }, by) => by.accountsHeld.inc({ by: who === 'node' ? 'node' : 'operator' }),
  'account-released': () => undefined,
  // waypost_probes_total counts them.
  'probe-sent': () => undefined,
  'probe-result': () => undefined,
  'probe-alert': () => undefined,
  // Operators do it a few times a year.
  erased: () => undefined,
  // waypost_reports_total counts them.
  complained: () => undefined,
  'account-changed': ({ change }, by) => by.accountChanges.inc({ change: word(change) }),
  'limit-near': ({ measure }, by) => by.limitsNear.inc({ measure: word(measure.replaceAll('_', '-')) }),
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
        // The health check of the failed module reports the error.
      }
    },
  }
  const metric: Gauge | Counter = source.isCounter ? new Counter(options) : new Gauge(options)
}

function createHistogram(registry: Registry, source: HistogramSource): void {
  const { name, help, labels, buckets } = source
  const registers = [registry]
  const histogram = new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers })
  source.feed((given, value) => histogram.observe(given, value))
}

/** A status of our table unchanged; any other is folded to its class. */
function knownStatus(status: string): string {
  if (statusMeaning(status)) return status
  return /^[245]\./.test(status) ? `${status[0]}.other` : 'none'
}

/** A reason of bounce/decide.ts as one word; all forms of `NOTIFY=` are one: the sender did not ask for the DSN. */
function reasonWord(reason = ''): string {
  return reason.startsWith('NOTIFY=') ? 'not-requested' : word(reason.replaceAll(' ', '-'))
}

/** Of all metrics of the process: most words are in several of them. */
const word = createWords()
