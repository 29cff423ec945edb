// The spam filter of a running node: counts its results, logs when it stops answering or answers again, and reports its health.

import { createRspamd } from '../filter/rspamd.ts'
import type { Rspamd, RspamdSettings } from '../filter/rspamd.ts'
import type { SpamScanner } from '../filter/spam-scan.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { spamResultName } from '../policy/spam-score.ts'
import { createOutageLog, outageHealth } from './scanner-outage.ts'

/** In log and health. */
const SCANNER = 'the spam filter'

export interface SpamWatch {
  readonly scanner: SpamScanner
  readonly health: HealthCheck
  readonly metric: GaugeSource
  close(): void
}

export interface SpamWatchSettings {
  readonly rspamd: RspamdSettings
  /** `accept`: without an answer messages pass unchecked. `defer`: they get a 451. */
  readonly whenDown: 'accept' | 'defer'
}

export interface SpamWatchPorts {
  readonly clock: Clock
  readonly log: Pick<Log, 'warn' | 'info'>
}

export function createSpamWatch(settings: SpamWatchSettings, ports: SpamWatchPorts): SpamWatch {
  const rspamd = createRspamd(settings.rspamd, ports.clock)
  const counts = new Map<string, number>()
  const logOutage = createOutageLog(SCANNER, ports.log)
  return {
    scanner: {
      scan: async (request) => {
        const finding = await rspamd.scan(request)
        const name = spamResultName(finding)
        counts.set(name, (counts.get(name) ?? 0) + 1)
        if (finding.kind === 'unavailable') logOutage('down', finding.cause)
        else logOutage('up', null)
        return finding
      },
    },
    health: { name: 'spam', check: () => healthOf(rspamd, settings) },
    metric: {
      name: 'waypost_spam_checks_total',
      help: 'Messages scanned by the spam filter, by its action; `unavailable` if it did not answer.',
      labels: ['result'],
      isCounter: true,
      read: () => [...counts].map(([result, value]) => ({ labels: { result }, value })),
    },
    close: () => rspamd.close(),
  }
}

async function healthOf(rspamd: Rspamd, { rspamd: { urls }, whenDown }: SpamWatchSettings): Promise<Health> {
  return outageHealth(await rspamd.ping(), { scanner: SCANNER, count: urls.length, whenDown })
}
