// The virus scanner of a running node: counts its results, logs when it stops scanning or scans again, and reports its health.

import { createClamd } from '../filter/clamd.ts'
import type { Clamd, ClamdPorts, ClamdSettings } from '../filter/clamd.ts'
import type { VirusFinding, VirusScanner } from '../filter/virus-scan.ts'
import type { Log } from '../lib/log.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { createOutageLog, outageHealth, type ScannerState } from './scanner-outage.ts'

/** In log and health. */
const SCANNER = 'the virus scanner'

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
  const logOutage = createOutageLog(SCANNER, ports.log)
  return {
    scanner: {
      scan: async (request) => {
        const found = await clamd.scan(request)
        counts.set(found.kind, (counts.get(found.kind) ?? 0) + 1)
        logOutage(stateOf(found), found.kind === 'unavailable' ? found.cause : null)
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

/** A message that is too large, or for which the budget is full, was not sent to a server. */
function stateOf({ kind }: VirusFinding): ScannerState {
  if (kind === 'unavailable') return 'down'
  return kind === 'clean' || kind === 'infected' ? 'up' : 'unknown'
}

async function healthOf(clamd: Clamd, { clamd: { servers }, whenDown }: VirusWatchSettings): Promise<Health> {
  const causes = await clamd.ping()
  if (causes.length > 0) return outageHealth(causes, { scanner: SCANNER, count: servers.length, whenDown })
  const warnings = await clamd.warnings()
  return warnings.length === 0 ? { kind: 'ok' } : { kind: 'degraded', reason: warnings.join('; ') }
}
