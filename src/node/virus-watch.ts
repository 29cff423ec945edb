// The virus scanner of a running node: counts its results, logs when it stops scanning or scans again, and reports its health.

import { createClamd } from '../filter/clamd.ts'
import type { Clamd, ClamdPorts, ClamdSettings } from '../filter/clamd.ts'
import type { VirusFinding, VirusScanner } from '../filter/virus-scan.ts'
import type { Log } from '../lib/log.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'

export interface VirusWatch {
  readonly scanner: VirusScanner
  readonly health: HealthCheck
  readonly metric: GaugeSource
}

export interface VirusWatchSettings {
  readonly clamd: ClamdSettings
  /** `accept`: messages that no server scans pass with a mark. `defer`: they get a 451. */
  readonly whenDown: 'accept' | 'defer'
}

export interface VirusWatchPorts extends ClamdPorts {
  readonly log: Pick<Log, 'warn' | 'info'>
}

export function createVirusWatch(settings: VirusWatchSettings, ports: VirusWatchPorts): VirusWatch {
  const clamd = createClamd(settings.clamd, ports)
  const counts = new Map<VirusFinding['kind'], number>()
  const logChange = changeLogger(ports.log)
  return {
    scanner: {
      scan: async (request) => {
        const found = await clamd.scan(request)
        counts.set(found.kind, (counts.get(found.kind) ?? 0) + 1)
        logChange(found)
        return found
      },
    },
    health: { name: 'virus', check: () => healthOf(clamd, settings) },
    metric: {
      name: 'waypost_virus_checks_total',
      help: 'Messages by the result of the virus scanner: clean, infected, unscanned (too large), unavailable (no server answered), busy (the budget was full).',
      labels: ['result'],
      isCounter: true,
      read: () => [...counts].map(([result, value]) => ({ labels: { result }, value })),
    },
  }
}

/** One line when no server scans any more, one when a server scans again. */
function changeLogger(log: VirusWatchPorts['log']): (found: VirusFinding) => void {
  let wasDown = false
  return (found) => {
    if (found.kind === 'unavailable') {
      if (!wasDown) log.warn({ cause: found.cause }, 'the virus scanner does not answer')
      wasDown = true
    } else if (wasDown && (found.kind === 'clean' || found.kind === 'infected')) {
      log.info({}, 'the virus scanner answers again')
      wasDown = false
    }
  }
}

/** Failing if the node defers all mail because no server answers, else degraded. */
async function healthOf(clamd: Clamd, { clamd: { servers }, whenDown }: VirusWatchSettings) {
  const causes = await clamd.ping()
  if (causes.length === 0) return { kind: 'ok' } as const
  const reason = `the virus scanner does not answer: ${causes.join('; ')}`
  const defersAll = causes.length === servers.length && whenDown === 'defer'
  return { kind: defersAll ? 'failing' : 'degraded', reason } as const
}
