// Asks the resolver and the fleet nodes regularly, logs each change, and reports it as health and metrics.

import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { ProbeReport } from './reachability.ts'

export interface ReachabilityWatch {
  readonly checks: readonly HealthCheck[]
  readonly gauges: readonly GaugeSource[]
  close(): void
}

export interface ReachabilitySettings {
  /** The roles of fleet nodes that are probed. */
  readonly roles: readonly string[]
  /** The node defers all mail while the resolver does not answer: SPF, DKIM and DMARC need it. */
  readonly needsResolver: boolean
}

/** Between two probes: an alert may wait for so long, and a fleet node sees one more connection a minute from each other one. */
const PROBE_MS = 60_000

interface Failure {
  readonly cause: string
  /** Unix ms of the first of the failed probes. */
  readonly since: number
}

const RESOLVER = 'resolver'

/** The first probe is after one interval: at a start of the whole fleet the others are not up yet. */
export function watchReachability(
  settings: ReachabilitySettings,
  ports: {
    readonly clock: Clock
    readonly log: Pick<Log, 'warn' | 'info' | 'bug'>
    readonly probe: () => Promise<ProbeReport>
  },
): ReachabilityWatch {
  const { clock, log, probe } = ports
  const failures = new Map<string, Failure>()
  const note = (name: string, cause: string | null) => {
    const known = failures.get(name)
    const fields = name === RESOLVER ? {} : { role: name }
    if (cause === null) {
      if (failures.delete(name))
        log.info(
          fields,
          name === RESOLVER ? 'the resolver answers again' : 'a fleet node of the role can be reached again',
        )
      return
    }
    failures.set(name, { cause, since: known?.since ?? clock.now() })
    if (!known)
      log.warn(
        { ...fields, cause },
        name === RESOLVER ? 'the resolver does not answer' : 'no fleet node of the role can be reached',
      )
  }
  let running = false
  const run = async () => {
    if (running) return
    running = true
    try {
      const report = await probe()
      note(RESOLVER, report.resolver)
      for (const role of settings.roles) note(role, report.unreachable.get(role) ?? null)
    } catch (error) {
      log.bug(error, 'probe of resolver and fleet nodes')
    } finally {
      running = false
    }
  }
  const timer = clock.every(PROBE_MS, () => void run())
  return {
    checks: [
      { name: 'resolver', check: () => resolverHealth(failures.get(RESOLVER), settings.needsResolver) },
      { name: 'peers', check: () => peerHealth(settings.roles, failures) },
    ],
    gauges: gaugesOf(settings.roles, failures),
    close: () => timer.cancel(),
  }
}

function gaugesOf(roles: readonly string[], failures: ReadonlyMap<string, Failure>): GaugeSource[] {
  return [
    {
      name: 'waypost_resolver_answers',
      help: 'Whether the resolver answered the last probe: 1 yes (also before the first one), 0 no.',
      labels: [],
      read: () => [{ labels: {}, value: failures.has(RESOLVER) ? 0 : 1 }],
    },
    {
      name: 'waypost_peers_reachable',
      help: 'Whether a fleet node of a role that this node sends to was reached by the last probe: 1 yes, 0 no.',
      labels: ['role'],
      read: () => roles.map((role) => ({ labels: { role }, value: failures.has(role) ? 0 : 1 })),
    },
  ]
}

function resolverHealth(failure: Failure | undefined, needsResolver: boolean): Health {
  if (!failure) return { kind: 'ok' }
  return { kind: needsResolver ? 'failing' : 'degraded', reason: `${failure.cause}, ${sinceText(failure)}` }
}

/** Mail for the role waits in the queue, so the node itself still works. */
function peerHealth(roles: readonly string[], failures: ReadonlyMap<string, Failure>): Health {
  const dead = roles.flatMap((role) => {
    const failure = failures.get(role)
    return failure ? [`no ${role} node can be reached, ${sinceText(failure)}: ${failure.cause}`] : []
  })
  return dead.length === 0 ? { kind: 'ok' } : { kind: 'degraded', reason: dead.join('; ') }
}

function sinceText({ since }: Failure): string {
  return `failing since ${new Date(since).toISOString()}`
}
