// Asks at the start and then hourly whether the resolver validates DNSSEC, logs each change, and reports it as health and metric.

import { createDnssecCounts } from '../dns/dnssec-counts.ts'
import { believing, probeValidation, type Validation, type ValidationSettings } from '../dns/validation.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'

export interface ValidationWatch {
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  /** The resolver, whose authentic bits count only while it is not known to be unreliable; its answers are counted. */
  gate(resolver: Resolver): Resolver
  /** Whether the resolver is known to validate. */
  validates(): boolean
  close(): void
}

/** A change of the resolver's configuration is rare. */
const PROBE_MS = 3_600_000

/** @param resolver without a cache */
export function watchValidation(
  settings: ValidationSettings,
  {
    resolver,
    clock,
    log,
  }: { readonly resolver: Resolver; readonly clock: Clock; readonly log: Pick<Log, 'warn' | 'info' | 'bug'> },
): ValidationWatch {
  const counts = createDnssecCounts()
  const state: { value: Validation } = { value: { kind: 'unknown', reason: 'not asked yet' } }
  const note = (next: Validation) => {
    const { value: known } = state
    // A probe that fails says nothing new.
    if (next.kind === 'unknown' && known.kind !== 'unknown') return
    state.value = next
    if (next.kind === known.kind) return
    if (next.kind === 'validates') log.info({}, 'the resolver validates DNSSEC')
    else if (next.kind === 'unreliable') log.warn({ cause: next.reason }, 'the resolver is not believed: DANE is off')
    else if (next.kind === 'missing')
      log.info({ cause: next.reason }, 'the resolver does not validate DNSSEC: DANE is off')
  }
  const probe = () =>
    void probeValidation(resolver, settings).then(note, (error: unknown) => log.bug(error, 'probe of DNSSEC'))
  probe()
  const timer = clock.every(PROBE_MS, probe)
  return {
    gate: (inner) => counts.count(believing(inner, state)),
    validates: () => state.value.kind === 'validates',
    health: {
      name: 'dnssec',
      check: () => {
        const { value } = state
        const isBad = value.kind === 'unreliable' || (settings.isRequired && value.kind === 'missing')
        return isBad ? { kind: 'degraded', reason: value.reason } : { kind: 'ok' }
      },
    },
    metrics: [
      {
        name: 'waypost_resolver_validates',
        help: 'Whether the resolver validated DNSSEC at the last probe: 1 yes, 0 no or not known. Without it DANE is off.',
        labels: [],
        read: () => [{ labels: {}, value: state.value.kind === 'validates' ? 1 : 0 }],
      },
      {
        name: 'waypost_dns_answers_total',
        help: 'Answers of the DNS that the node used, kept ones too, by DNSSEC: `secure`; `insecure` (the zone is not signed, or the resolver does not validate); `bogus` (signatures are missing, wrong or expired: an attack, or a mistake of the owner); `unavailable` (no answer).',
        labels: ['dnssec'],
        isCounter: true,
        read: () => counts.values().map(([dnssec, value]) => ({ labels: { dnssec }, value })),
      },
    ],
    close: () => timer.cancel(),
  }
}
