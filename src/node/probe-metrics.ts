// The probes of a node as numbers and as a health check. Labels are names of the configuration, names of the fleet and large providers.

import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource, HistogramSource } from '../observe/metrics.ts'
import { isGood, type ProbeHop, type ProbeResult } from '../probe/probe-result.ts'
import type { ProbeTable, TargetState } from '../probe/probe-table.ts'
import type { ProbeSettings } from '../wiring/probe-settings.ts'
import { createCounted, createTimed } from './counted-metric.ts'

export interface ProbeMetrics {
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  readonly histogram: HistogramSource
  count(result: ProbeResult): void
  /** A replay, or a probe that this node has forgotten. */
  countUnknown(target: string): void
}

const MS = 1000
/** Seconds: within a host, over TLS, through filters, behind greylists and other mail, up to the longest wait. */
const buckets = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600]

export function createProbeMetrics(
  { named, targets }: Pick<ProbeSettings, 'named' | 'targets'>,
  table: Pick<ProbeTable, 'states'>,
): ProbeMetrics {
  const known = new Set(targets.map(({ name }) => name))
  const counts = createCounted({
    name: 'waypost_probes_total',
    help: 'Probes by target and outcome: `arrived`, `accepted`, `incomplete` (a wanted server is not on the way), `missing`, `refused`, `late`; `unknown` are repetitions.',
    labels: ['target', 'result'],
  })
  const times = createTimed({
    name: 'waypost_probe_seconds',
    help: 'Time of the probes that arrived or were accepted, by target and the large provider on the way.',
    labels: ['target', 'provider'],
    buckets,
  })
  const each = (name: string, help: string, value: (state: TargetState) => number | null): GaugeSource => ({
    name,
    help,
    labels: ['target'],
    read: () =>
      table.states().flatMap((state) => {
        const found = value(state)
        return found === null ? [] : [{ labels: { target: state.name }, value: found }]
      }),
  })
  return {
    count: (result) => {
      counts.count({ target: result.target, result: result.outcome })
      if (isGood(result) && result.ms !== null)
        times.add({ target: result.target, provider: result.group }, result.ms / MS)
    },
    countUnknown: (target) => counts.count({ target: known.has(target) ? target : 'other', result: 'unknown' }),
    histogram: times.source,
    metrics: [
      counts.metric,
      each(
        'waypost_probe_working',
        'Whether a target of the probe works: 1 yes, 0 no; none before the first result.',
        ({ isWorking }) => (isWorking === null ? null : Number(isWorking)),
      ),
      each(
        'waypost_probe_last_success_timestamp_seconds',
        'Unix time of the last probe that arrived or was accepted, by target; none without one.',
        ({ lastGoodAt }) => (lastGoodAt === null ? null : lastGoodAt / MS),
      ),
      {
        name: 'waypost_probe_hop_seconds',
        help: 'Time from the server before to this one on the way of the last probe that arrived, by target and hop: a node of the fleet by its name, other servers by large provider.',
        labels: ['target', 'hop'],
        read: () => table.states().flatMap((state) => hopValues(state, named)),
      },
    ],
    health: { name: 'probe', check: () => healthOf(table.states()) },
  }
}

function hopValues({ name, results }: TargetState, named: ReadonlySet<string>) {
  const last = results.find(isGood)
  const sums = new Map<string, number>()
  let before = 0
  for (const { by, group, ms } of last?.hops ?? []) {
    if (ms === null) continue
    const hop = named.has(by.toLowerCase()) ? by.toLowerCase() : group
    sums.set(hop, (sums.get(hop) ?? 0) + (ms - before) / MS)
    before = ms
  }
  return [...sums].map(([hop, value]) => ({ labels: { target: name, hop }, value }))
}

function healthOf(states: readonly TargetState[]): ReturnType<HealthCheck['check']> {
  const failing = states.filter(({ isWorking }) => isWorking === false)
  if (failing.length === 0) return { kind: 'ok' }
  const texts = failing.map(({ name, failures, results }) => {
    const why = results.find((one) => !isGood(one))
    return `${name} fails (${failures} in a row): ${why ? describeResult(why) : 'no result'}`
  })
  return { kind: 'degraded', reason: texts.join('; ') }
}

/** `missing: no arrival within 5m; last seen at …`. */
export function describeResult({ outcome, detail }: Pick<ProbeResult, 'outcome' | 'detail'>): string {
  return detail === '' ? outcome : `${outcome}: ${detail}`
}

/** The last server that is known, for the text of a missing probe. */
export function lastSeen(handed: ProbeHop | null): string {
  return handed === null ? 'it did not leave this node' : `the last server that took it is ${handed.by}`
}
