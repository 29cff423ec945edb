// The bans of a running node: reports each ban and its end in the ledger, keeps the counts of failed logins over a restart, and writes the
// nftables sets.

import type { KnownClients } from '../auth/known-clients.ts'
import type { Guard } from '../auth/login-throttle.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { replaceFile } from '../lib/replace-file.ts'
import type { BannedEvent, UnbannedEvent } from '../observe/events.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { BanCheckParts } from '../policy/checks/bans.ts'
import type { Queue } from '../queue/contract/queue.ts'
import { type Ban, type Bans, BY_NODE } from '../state/ban-contract.ts'
import { createNodeBans, type NodeBans } from '../state/ban-store.ts'
import { REMEMBERED_MS } from '../state/sqlite/sqlite-bans.ts'
import type { StateChannel } from '../state/thread/state-messages.ts'
import { bansPath } from '../wiring/node-paths.ts'
import { MOST_EXPORTED, nftablesText } from './nftables-sets.ts'

export interface BanWatch {
  readonly bans: Bans
  readonly check: Pick<BanCheckParts, 'bans' | 'isKnown'>
  /** For operators: those that stand, a new one, and the end of one. */
  readonly operator: Pick<NodeBans, 'standing' | 'order' | 'end' | 'problem'>
  readonly health: HealthCheck
  readonly metric: GaugeSource
  /** Connects the login: counts of the last run go to its guard, and its known clients are spared. */
  followLogin(login: { readonly guard: Guard; readonly known: KnownClients }): Promise<void>
  /** Saves the counts and closes the file. */
  close(): Promise<void>
}

export interface BanWatchPorts {
  readonly state: StateChannel
  readonly clock: Clock
  readonly budgets: Pick<Budgets, 'stock'>
  readonly queue: Pick<Queue, 'record'>
  readonly log: Pick<Log, 'warn' | 'info' | 'error'>
}

/** How soon the node follows a command. */
const FOLLOW_MS = 1000
/** A kill forgives the failures of this time only. */
const SAVE_MS = 60_000
/** The sets are written again so often, because bans end. */
const EXPORT_MS = 60_000

export function watchBans(config: Config, ports: BanWatchPorts): BanWatch {
  const { clock } = ports
  const table = openTable(config, ports)
  let login: { readonly guard: Guard; readonly known: KnownClients } | null = null
  const exporter = createExporter(config.bans.nftables ?? null, {
    ...ports,
    bans: async () =>
      (await table.standing(clock.now(), MOST_EXPORTED)).filter(
        ({ kind, by, value }) => kind !== 'account' && (by !== BY_NODE || !login?.known.holds(value)),
      ),
  })
  const follow = createFollower(ports, table, (ended) => {
    for (const { value } of ended) login?.guard.forgive(value)
    exporter.due()
  })
  const save = async () => void (login && (await table.saveCounts(login.guard.counts(), clock.now())))
  const timers = [
    clock.every(FOLLOW_MS, () => void follow()),
    clock.every(SAVE_MS, () => void save()),
    clock.every(SAVE_MS, () => void table.purge(clock.now() - Math.min(REMEMBERED_MS, config.privacy.forget.ips))),
    // Not before the login is connected, which knows whom to spare.
    clock.after(FOLLOW_MS, () => exporter.due()),
    clock.every(EXPORT_MS, () => exporter.due()),
  ]
  return {
    bans: table,
    check: { bans: table, isKnown: (client) => login?.known.holds(client) ?? false },
    operator: table,
    health: {
      name: 'bans',
      check: () =>
        table.problem === null
          ? { kind: 'ok' }
          : { kind: 'degraded', reason: `logins are deferred, and banned clients may connect: ${table.problem}` },
    },
    metric: metricOf(table, clock),
    followLogin: async (wanted) => {
      // Nothing is saved before the counts of the last run are known.
      const counts = await table.counts()
      login = wanted
      for (const count of counts) login.guard.restore(count, clock.now() - count.at)
    },
    close: async () => {
      for (const timer of timers) timer.cancel()
      await follow()
      await save()
      await table.close()
    },
  }
}

/**
 * Reports new bans and ends of bans in the ledger; calls at the same time share one run. News stay news until the ledger has them: an answer
 * of the state that is lost, or a kill, may repeat an event and loses none.
 */
function createFollower(
  { clock, queue, log }: Pick<BanWatchPorts, 'clock' | 'queue' | 'log'>,
  table: NodeBans,
  onNews: (ended: readonly Ban[]) => void,
): () => Promise<void> {
  const followOnce = async () => {
    const news = await table.news()
    if (news.length === 0) return
    onNews(news.filter(({ ended }) => ended).map(({ ban }) => ban))
    const at = clock.now()
    try {
      await queue.record(news.map(({ ban, ended }) => (ended ? unbanned(ban, ended, at) : banned(ban))))
    } catch (error) {
      log.warn({ cause: errorText(error) }, 'bans cannot be recorded yet')
      return
    }
    await table.reported(news)
  }
  let following: Promise<void> | null = null
  return () => (following ??= followOnce().finally(() => (following = null)))
}

function openTable(config: Config, { state, budgets, log }: BanWatchPorts): NodeBans {
  const path = bansPath(config)
  const stock = budgets.stock('bans', () => table.size)
  const table: NodeBans = createNodeBans(
    { path, capacity: stock.capacity },
    {
      channel: state,
      refused: () => stock.refuse(),
      changed: (problem) => {
        if (problem === null) log.info({ file: path }, 'the bans can be used again')
        else log.warn({ file: path, cause: problem }, 'the bans cannot be used; logins are deferred')
      },
      setAside: ({ path: aside, cause }) =>
        log.error({ file: path, aside, cause }, 'the file of the bans is damaged; it was set aside, and no ban stands'),
    },
  )
  // A problem is known at the start.
  void table.counts()
  return table
}

function subjectOf({ kind, value }: Ban): Pick<BannedEvent, 'banned' | 'ip' | 'user'> {
  return kind === 'account' ? { banned: kind, user: value } : { banned: kind, ip: value }
}

function banned(ban: Ban): BannedEvent {
  const { at, until, by, reason, evidence, times } = ban
  return { kind: 'banned', at, queueId: null, ...subjectOf(ban), until, by, reason, evidence, times }
}

function unbanned(
  ban: Ban,
  { by, reason }: { readonly by: string; readonly reason: string },
  at: number,
): UnbannedEvent {
  return { kind: 'unbanned', at, queueId: null, ...subjectOf(ban), by, reason }
}

function metricOf(table: NodeBans, clock: Pick<Clock, 'now'>): GaugeSource {
  return {
    name: 'waypost_bans_standing',
    help: 'Bans that stand, by what is banned.',
    labels: ['banned'],
    read: async () => {
      const counts = { address: 0, network: 0, account: 0 }
      for (const { kind } of await table.standing(clock.now(), MOST_COUNTED)) counts[kind]++
      return Object.entries(counts).map(([banned, value]) => ({ labels: { banned }, value }))
    },
  }
}

/** Reading all of a full table at each scrape would take a tenth of a second. */
const MOST_COUNTED = 20_000

interface ExporterPorts {
  readonly bans: () => Promise<readonly Ban[]>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Log, 'warn'>
}

/** Writes one file at a time; what becomes due during a write is written after it. */
function createExporter(file: string | null, { bans, clock, log }: ExporterPorts): { due(): void } {
  let state: 'idle' | 'writing' | 'due' = 'idle'
  let lastProblem: string | null = null
  const write = async (to: string) => {
    state = 'writing'
    try {
      await replaceFile(to, nftablesText(await bans(), clock.now()))
      lastProblem = null
    } catch (error) {
      const cause = errorText(error)
      if (cause !== lastProblem) log.warn({ file: to, cause }, 'the nftables sets cannot be written')
      lastProblem = cause
    }
    const isDue = (state as string) === 'due'
    state = 'idle'
    if (isDue) void write(to)
  }
  return {
    due: () => {
      if (file === null) return
      if (state === 'idle') void write(file)
      else state = 'due'
    },
  }
}
