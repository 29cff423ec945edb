// The DNS lists of a running node: tests them from the start on, counts their answers, logs when one is switched off or asked again, and
// reports their health.

import type { Resolver } from '../dns/resolver.ts'
import { createDnsLists } from '../filter/ask-lists.ts'
import type { DnsList, DnsLists } from '../filter/dns-lists.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'

export interface ListWatch {
  readonly lists: DnsLists
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  close(): void
}

export interface ListWatchSettings {
  readonly lists: readonly DnsList[]
  readonly timeoutMs: number
}

export interface ListWatchPorts {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: Pick<Log, 'warn' | 'info'>
}

/** The first test runs in the background. Until it has passed, a list is unavailable. Null without lists. */
export function watchLists(settings: ListWatchSettings | null, ports: ListWatchPorts): ListWatch | null {
  return settings && startWatch(settings, ports)
}

function startWatch(settings: ListWatchSettings, { resolver, clock, log }: ListWatchPorts): ListWatch {
  const counts = new Map<string, Map<string, number>>()
  const asked = createDnsLists(settings.lists, settings.timeoutMs, {
    resolver,
    clock,
    answered: (list, { kind }) => {
      const ofList = counts.get(list) ?? new Map<string, number>()
      counts.set(list, ofList.set(kind, (ofList.get(kind) ?? 0) + 1))
    },
    changed: ({ list, kind }, doubt) => {
      if (doubt === null) log.info({ list, kind }, 'a DNS list passes its test again and is asked')
      else log.warn({ list, kind, cause: doubt }, 'a DNS list fails its test and is not asked')
    },
  })
  void asked.test()
  return {
    lists: asked,
    health: { name: 'dnsbl', check: () => healthOf(asked.doubts()) },
    metrics: [
      {
        name: 'waypost_dnsbl_answers_total',
        help: 'Answers of DNS lists: `listed`, `not-listed`, `unknown` (an answer without a meaning), `unavailable`.',
        labels: ['list', 'result'],
        isCounter: true,
        read: () =>
          [...counts].flatMap(([list, results]) =>
            [...results].map(([result, value]) => ({ labels: { list, result }, value })),
          ),
      },
      {
        name: 'waypost_dnsbl_available',
        help: 'Whether the DNS list passes its test and is asked (1) or is switched off (0), by what it contains (`ip4`, `ip6`, `domain`).',
        labels: ['list', 'kind'],
        read: () =>
          asked.doubts().map(({ list, kind, doubt }) => ({ labels: { list, kind }, value: doubt === null ? 1 : 0 })),
      },
    ],
    close: () => asked.close(),
  }
}

/** Mail passes without a list, so the node is at most degraded. */
function healthOf(doubts: ReturnType<ReturnType<typeof createDnsLists>['doubts']>): Health {
  const off = doubts.flatMap(({ list, kind, doubt }) => (doubt === null ? [] : [`${list} (${kind}): ${doubt}`]))
  return off.length === 0 ? { kind: 'ok' } : { kind: 'degraded', reason: `DNS lists are not asked: ${off.join('; ')}` }
}
