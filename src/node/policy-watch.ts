// The MTA-STS policies of other domains in a running node: the file that keeps them, the client that fetches them, the refresh each hour.

import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import { createStsSource } from '../delivery/mta-sts/sts-source.ts'
import type { PolicySource } from '../delivery/tls-policy/tls-policy.ts'
import type { AskStranger } from '../https/ask-stranger.ts'
import { askAs } from '../dns/ask-as.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { createPolicyFetch } from '../mta-sts/fetch-policy.ts'
import { createPolicyFinder, type PolicyFinder } from '../mta-sts/policy-finder.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { createPolicyStore } from '../state/policy-store.ts'
import type { StateChannel } from '../state/thread/state-messages.ts'
import { policiesPath } from '../wiring/node-paths.ts'

export interface PolicyWatch {
  readonly source: PolicySource
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  close(): Promise<void>
}

export interface PolicyWatchPorts {
  readonly state: StateChannel
  readonly resolver: Resolver
  readonly ask: AskStranger
  readonly budgets: Pick<Budgets, 'stock'>
  readonly clock: Clock
  readonly log: Pick<Log, 'info' | 'warn' | 'error' | 'bug'>
}

/** RFC 8461 section 10.2 asks for a refresh once a day. Hourly, so that the work is spread, ms. */
const REFRESH_MS = 3_600_000

/** Null if the configuration switches MTA-STS off. */
export function watchPolicies(config: Config, ports: PolicyWatchPorts): PolicyWatch | null {
  return config.delivery.mta_sts ? startWatch(config, ports) : null
}

function startWatch(config: Config, ports: PolicyWatchPorts): PolicyWatch {
  const { clock, log } = ports
  const counts = { fetched: 0, failed: 0, busy: 0 }
  const store = openStore(config, ports)
  const finder = createPolicyFinder({
    resolver: askAs(ports.resolver, { purpose: 'delivery' }),
    store,
    fetch: createPolicyFetch(config.delivery.policy_port, ports.ask),
    clock,
    fetched: (domain, result) => {
      counts[result.kind]++
      if (result.kind === 'failed')
        log.warn({ domain, cause: result.cause, failure: result.failure }, 'an MTA-STS policy cannot be fetched')
    },
  })
  const refreshing = clock.every(REFRESH_MS, () => void refresh(finder, log))
  return {
    source: createStsSource((domain) => finder.find(domain)),
    health: {
      name: 'mta-sts',
      check: () =>
        store.problem === null
          ? { kind: 'ok' }
          : {
              kind: 'degraded',
              reason: `mail waits for domains whose MTA-STS policy is not in memory: ${store.problem}`,
            },
    },
    metrics: [
      {
        name: 'waypost_mta_sts_policies',
        help: 'MTA-STS policies of other domains that the node keeps.',
        labels: [],
        read: () => [{ labels: {}, value: store.size }],
      },
      {
        name: 'waypost_mta_sts_fetches_total',
        help: 'Attempts to fetch an MTA-STS policy by result: `fetched`, `failed`, `busy` (no place for the request).',
        labels: ['result'],
        isCounter: true,
        read: () => Object.entries(counts).map(([result, value]) => ({ labels: { result }, value })),
      },
    ],
    close: () => {
      refreshing.cancel()
      return store.close()
    },
  }
}

async function refresh(finder: PolicyFinder, log: Pick<Log, 'bug'>): Promise<void> {
  try {
    await finder.refresh()
  } catch (error) {
    log.bug(errorText(error), 'refresh of MTA-STS policies')
  }
}

function openStore(config: Config, { state, budgets, log }: PolicyWatchPorts) {
  const path = policiesPath(config)
  const stock = budgets.stock('stsPolicies', () => store.size)
  const store: ReturnType<typeof createPolicyStore> = createPolicyStore(
    { path, capacity: stock.capacity },
    {
      channel: state,
      changed: (problem) => {
        if (problem === null) log.info({ file: path }, 'the file of MTA-STS policies can be used again')
        else log.error({ file: path, cause: problem }, 'the file of MTA-STS policies cannot be used; mail may wait')
      },
      setAside: ({ path: aside, cause }) =>
        log.error({ file: path, aside, cause }, 'the file of MTA-STS policies is damaged; it was set aside'),
    },
  )
  return store
}
