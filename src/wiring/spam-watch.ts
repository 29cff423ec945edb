// Config → the spam filter, watched: log, numbers and health tell when it does not answer, for mail may pass unchecked meanwhile.

import type { Config } from '../config/config.ts'
import { createRspamd } from '../filter/rspamd.ts'
import type { Rspamd } from '../filter/rspamd.ts'
import type { SpamFinding, SpamScanner } from '../filter/spam-scan.ts'
import type { Clock } from '../lib/clock.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { Log } from '../lib/log.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { spamResultName } from '../policy/spam-score.ts'

export interface SpamWatch {
  readonly scanner: SpamScanner
  readonly health: HealthCheck
  readonly numbers: GaugeSource
  close(): void
}

export interface SpamWatchParts {
  readonly clock: Clock
  readonly log: Pick<Log, 'warn' | 'info'>
}

/** Null where the role asks no filter or the node has none. */
export function buildSpamWatch(config: Config, parts: SpamWatchParts): SpamWatch | null {
  const rspamd = buildRspamd(config, parts.clock)
  const { rspamd: settings } = config
  if (!rspamd || !settings) return null
  const counts = new Map<string, number>()
  const heard = listener(parts.log)
  return {
    scanner: {
      scan: async (request) => {
        const finding = await rspamd.scan(request)
        counts.set(spamResultName(finding), (counts.get(spamResultName(finding)) ?? 0) + 1)
        heard(finding)
        return finding
      },
    },
    health: { name: 'spam', check: () => healthOf(rspamd, settings) },
    numbers: {
      name: 'waypost_spam_checks_total',
      help: 'Messages scanned by the spam filter, by its action; `unavailable` if it did not answer.',
      labels: ['result'],
      isCounter: true,
      read: () => [...counts].map(([result, value]) => ({ labels: { result }, value })),
    },
    close: () => rspamd.close(),
  }
}

/** The filter alone, for questions outside of the daemon. */
export function buildRspamd(config: Config, clock: Clock): Rspamd | null {
  if (!config.rspamd || !config.role.checks.includes('spam')) return null
  const { urls, password, timeout } = config.rspamd
  return createRspamd({ urls, password, timeoutMs: timeout, hostname: config.hostname }, clock)
}

/** One line when it goes, one when it is back. */
function listener(log: SpamWatchParts['log']): (finding: SpamFinding) => void {
  let down = false
  return (finding) => {
    const gone = finding.kind === 'unavailable'
    if (gone && !down) log.warn({ cause: finding.cause }, 'the spam filter does not answer')
    if (!gone && down) log.info({}, 'the spam filter answers again')
    down = gone
  }
}

/** Without any filter the node takes unchecked mail, or none: the second is failing. */
async function healthOf(rspamd: Rspamd, { urls, when_down }: NonNullable<Config['rspamd']>) {
  const causes = await rspamd.ping()
  if (causes.length === 0) return { kind: 'ok' } as const
  const reason = `the spam filter does not answer: ${causes.join('; ')}`
  const takesNothing = causes.length === urls.length && when_down === 'defer'
  return { kind: takesNothing ? 'failing' : 'degraded', reason } as const
}
