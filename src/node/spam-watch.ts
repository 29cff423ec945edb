// The spam filter of a running node: counts its results, logs when it stops answering or answers again, and reports its health.

import { createRspamd } from '../filter/rspamd.ts'
import type { Rspamd, RspamdSettings } from '../filter/rspamd.ts'
import type { SpamFinding, SpamScanner } from '../filter/spam-scan.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { spamResultName } from '../policy/spam-score.ts'

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
  const logChange = changeLogger(ports.log)
  return {
    scanner: {
      scan: async (request) => {
        const finding = await rspamd.scan(request)
        const name = spamResultName(finding)
        counts.set(name, (counts.get(name) ?? 0) + 1)
        logChange(finding)
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

/** One line when the filter stops answering, one when it answers again. */
function changeLogger(log: SpamWatchPorts['log']): (finding: SpamFinding) => void {
  let wasDown = false
  return (finding) => {
    const isDown = finding.kind === 'unavailable'
    if (isDown && !wasDown) log.warn({ cause: finding.cause }, 'the spam filter does not answer')
    if (!isDown && wasDown) log.info({}, 'the spam filter answers again')
    wasDown = isDown
  }
}

/** Failing if the node defers all mail because no URL answers, else degraded. */
async function healthOf(rspamd: Rspamd, settings: SpamWatchSettings) {
  const causes = await rspamd.ping()
  if (causes.length === 0) return { kind: 'ok' } as const
  const reason = `the spam filter does not answer: ${causes.join('; ')}`
  const defersAll = causes.length === settings.rspamd.urls.length && settings.whenDown === 'defer'
  return { kind: defersAll ? 'failing' : 'degraded', reason } as const
}
