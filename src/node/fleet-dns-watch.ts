// The DNS of the fleet as a node watches it: compares it with the fleet file at intervals, logs what is new, and reports health and metrics.

import type { Config } from '../config/config.ts'
import { formatProblem } from '../config/problem.ts'
import type { Resolver } from '../dns/resolver.ts'
import { createNetwork } from '../dns/stub.ts'
import { readSystemServers } from '../dns/system-servers.ts'
import { loadFleet } from '../fleet/load-fleet.ts'
import type { AskStranger } from '../https/ask-stranger.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createPolicyFetch } from '../mta-sts/fetch-policy.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { DatedFinding } from '../published/findings.ts'
import { givingUp } from '../published/observer.ts'
import { dnsCheckPath } from '../wiring/node-paths.ts'
import { checkFleetDns } from './fleet-dns-check.ts'
import { loadPlan } from './fleet-plan.ts'
import { createShow } from './show-certificate.ts'

/** What the last check found, for the status page. */
export interface FleetDnsState {
  /** Unix milliseconds; null before the first check. */
  readonly checkedAt: number | null
  /** Why the DNS is not compared; null if it is. */
  readonly problem: string | null
  readonly findings: readonly DatedFinding[]
}

export interface FleetDnsWatch {
  state(): FleetDnsState
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  close(): void
}

export interface FleetDnsPorts {
  readonly clock: Clock
  readonly resolver: Resolver
  readonly log: Pick<Log, 'warn' | 'info' | 'bug'>
  /** HTTPS servers of policies. */
  readonly ask: AskStranger
  /** Port of authoritative servers, for tests. */
  readonly port?: number
  /** Ports of listeners, for tests. */
  readonly portOf?: (port: number) => number
}

/** After the start, so that a restart of all nodes does not ask everything at once. */
const FIRST_MS = 60_000
/** Findings that a health report names. */
const MOST_NAMED = 3

type State =
  | { readonly kind: 'none' }
  /** The fleet file or its keys cannot be used. */
  | { readonly kind: 'unusable'; readonly cause: string }
  | { readonly kind: 'checked'; readonly findings: readonly DatedFinding[] }

/** Null without `dns_check`. */
export function watchFleetDns(config: Config, ports: FleetDnsPorts): FleetDnsWatch | null {
  return config.dns_check ? startWatch(config, config.dns_check, ports) : null
}

type Settings = NonNullable<Config['dns_check']>

function startWatch(config: Config, settings: Settings, ports: FleetDnsPorts): FleetDnsWatch {
  const { clock, log } = ports
  let state: State = { kind: 'none' }
  /** Unix milliseconds; null before the first check. */
  let checkedAt: number | null = null
  let isRunning = false
  const check = async () => {
    // A check with dead servers may take longer than the interval.
    if (isRunning) return
    isRunning = true
    try {
      const next = await checkOnce(config, settings, ports)
      logChanges(state, next, log)
      state = next
      checkedAt = clock.now()
    } catch (error) {
      log.bug(error, 'the check of the DNS')
    } finally {
      isRunning = false
    }
  }
  const first = clock.after(FIRST_MS, () => void check())
  const repeated = clock.every(settings.every, () => void check())
  return {
    state: () => ({
      checkedAt,
      problem: state.kind === 'unusable' ? state.cause : null,
      findings: state.kind === 'checked' ? state.findings : [],
    }),
    health: { name: 'dns', check: () => healthOf(state) },
    metrics: metricsOf(
      () => state,
      () => checkedAt,
    ),
    close: () => {
      first.cancel()
      repeated.cancel()
    },
  }
}

async function checkOnce(
  config: Config,
  { fleet: file, lists, connect }: Settings,
  ports: FleetDnsPorts,
): Promise<State> {
  const load = loadFleet(file)
  if (load.kind === 'bad') return { kind: 'unusable', cause: load.problems.map(formatProblem).join('; ') }
  const own = config.dkim ? [config.dkim.keys] : []
  const planned = await loadPlan(load.fleet, own)
  if (planned.kind === 'bad') return { kind: 'unusable', cause: planned.problems.join('; ') }
  const served = connect
    ? {
        show: createShow({ helo: config.hostname, ...(ports.portOf && { portOf: ports.portOf }) }, ports.clock),
        fetchPolicy: createPolicyFetch(config.delivery.policy_port, ports.ask),
      }
    : null
  const servers = config.dns.servers ?? (await readSystemServers()).servers
  const { findings, unwritten } = await checkFleetDns(
    planned.plan,
    { servers, lists, ownLists: config.dnsbl?.lists ?? [], state: dnsCheckPath(config), port: ports.port, served },
    { ...ports, exchange: givingUp(createNetwork()) },
  )
  if (unwritten !== null) ports.log.warn({ cause: unwritten }, 'the times of findings about the DNS cannot be stored')
  return { kind: 'checked', findings }
}

/** The log drops fields named `subject`, which are those of messages. */
function logChanges(before: State, now: State, log: FleetDnsPorts['log']): void {
  if (now.kind === 'unusable') {
    if (before.kind !== 'unusable') log.warn({ cause: now.cause }, 'the DNS is not compared with the fleet file')
    return
  }
  const known = faultsOf(before)
  const present = faultsOf(now)
  const has = (list: readonly DatedFinding[], id: string) => list.some((one) => one.id === id)
  for (const { id, severity, subject, problem, breaks } of present)
    if (!has(known, id)) log.warn({ severity, record: subject, problem, breaks }, 'the DNS differs from the fleet file')
  for (const { id, subject, problem } of known)
    if (!has(present, id)) log.info({ record: subject, problem }, 'the DNS agrees with the fleet file again')
}

/** Without notes: nothing is wrong there. */
function faultsOf(state: State): readonly DatedFinding[] {
  return state.kind === 'checked' ? state.findings.filter(({ severity }) => severity !== 'note') : []
}

/** Mail of this node still flows, so it is at most degraded. */
function healthOf(state: State): Health {
  if (state.kind === 'none') return { kind: 'ok', note: 'not checked yet' }
  if (state.kind === 'unusable') return { kind: 'degraded', reason: `the DNS is not compared: ${state.cause}` }
  const faults = faultsOf(state)
  const errors = faults.filter(({ severity }) => severity === 'error')
  const named = (list: readonly DatedFinding[]) =>
    list.slice(0, MOST_NAMED).map(({ subject, problem }) => `${subject}: ${problem}`)
  if (errors.length > 0)
    return {
      kind: 'degraded',
      reason: `the DNS has ${errors.length === 1 ? 'an error:' : `${errors.length} errors, such as`} ${named(errors).join('; ')}`,
    }
  return faults.length === 0
    ? { kind: 'ok' }
    : { kind: 'ok', note: `the DNS has warnings, such as ${named(faults).join('; ')}` }
}

function metricsOf(state: () => State, checkedAt: () => number | null): readonly GaugeSource[] {
  const severities = ['error', 'warning', 'note'] as const
  return [
    {
      name: 'waypost_dns_findings',
      help: 'Findings of the last check of the DNS against the fleet file, by severity; no value before the first check.',
      labels: ['severity'],
      read: () => {
        const now = state()
        if (now.kind !== 'checked') return []
        return severities.map((severity) => ({
          labels: { severity },
          value: now.findings.filter((one) => one.severity === severity).length,
        }))
      },
    },
    {
      name: 'waypost_dns_check_timestamp_seconds',
      help: 'Time of the last check of the DNS against the fleet file.',
      labels: [],
      read: () => {
        const at = checkedAt()
        return at === null ? [] : [{ labels: {}, value: at / 1000 }]
      },
    },
  ]
}
