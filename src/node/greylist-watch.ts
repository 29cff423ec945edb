// The greylist of a running node: opens it when the configuration asks for it, removes old entries, counts results, logs when its file
// cannot be used, and reports its health.

import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { GreylistCount, GreylistParts, GreylistSettings } from '../policy/checks/greylist.ts'
import { createNodeGreylist, type NodeGreylist } from '../state/greylist-store.ts'
import type { StateChannel } from '../state/thread/state-messages.ts'
import { greylistSettings } from '../wiring/greylist-settings.ts'
import { greylistPath } from '../wiring/node-paths.ts'

export interface GreylistWatch {
  readonly parts: GreylistParts
  readonly health: HealthCheck
  readonly metric: GaugeSource
  /** Follows a reload. */
  update(config: Config): void
  close(): Promise<void>
}

export interface GreylistWatchPorts {
  readonly state: StateChannel
  readonly clock: Clock
  readonly budgets: Pick<Budgets, 'stock'>
  readonly log: Pick<Log, 'warn' | 'info' | 'error'>
}

/** How often old entries are removed, some at a time. */
const PURGE_INTERVAL_MS = 60_000

/** Null if the role has no `greylist` check. */
export function watchGreylist(config: Config, ports: GreylistWatchPorts): GreylistWatch | null {
  return config.role.checks.includes('greylist') ? startWatch(config, ports) : null
}

function startWatch(config: Config, ports: GreylistWatchPorts): GreylistWatch {
  const { clock } = ports
  const counts = new Map<GreylistCount | 'lost', number>()
  const count = (result: GreylistCount | 'lost', more = 1) => {
    if (more > 0) counts.set(result, (counts.get(result) ?? 0) + more)
  }
  const table = openTable(greylistPath(config), ports)
  let settings: GreylistSettings | null = null
  const update = (wanted: Config) => {
    settings = greylistSettings(wanted)
    if (settings) void table.open(settings.rules)
  }
  update(config)
  const purging = clock.every(PURGE_INTERVAL_MS, () => {
    if (settings) void table.purge(settings.rules, clock.now()).then((lost) => count('lost', lost))
  })
  return {
    parts: { settings: () => settings, table, count },
    health: {
      name: 'greylist',
      // Mail passes without it, so the node is at most degraded.
      check: () =>
        settings === null || table.problem === null
          ? { kind: 'ok' }
          : { kind: 'degraded', reason: `suspicious mail is not greylisted: ${table.problem}` },
    },
    metric: metricOf(counts),
    update,
    close: () => {
      purging.cancel()
      return table.close()
    },
  }
}

function openTable(path: string, { state, budgets, log }: GreylistWatchPorts): NodeGreylist {
  const stock = budgets.stock('greylist', () => table.size)
  const table: NodeGreylist = createNodeGreylist(
    { path, capacity: stock.capacity, share: stock.network },
    {
      channel: state,
      refused: (limit) => stock.refuse(limit),
      changed: (problem) => {
        if (problem === null) log.info({ file: path }, 'the greylist can be used again')
        else log.warn({ file: path, cause: problem }, 'the greylist cannot be used; suspicious mail passes')
      },
      setAside: ({ path: aside, cause }) =>
        log.error({ file: path, aside, cause }, 'the greylist is damaged; it was set aside and begins empty'),
    },
  )
  return table
}

function metricOf(counts: ReadonlyMap<string, number>): GaugeSource {
  return {
    name: 'waypost_greylist_total',
    help: 'Suspicious messages, and recipients before the data, by what the greylist said: `greylisted` (first attempt), `early` (came back before its time), `came-back`, `known` (came back earlier), `exempt`, `full`, `unavailable`; `lost`: entries that did not come back, when they are removed.',
    labels: ['result'],
    isCounter: true,
    read: () => [...counts].map(([result, value]) => ({ labels: { result }, value })),
  }
}
