// The life of a node: its parts are built from one configuration, started in the order of need and stopped in reverse.

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createGuard } from '../auth/login-throttle.ts'
import { createPasswdAuthenticator } from '../auth/passwd-authenticator.ts'
import { createPasswordPool } from '../auth/password-pool.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import { openResolver } from '../dns/open-resolver.ts'
import { systemClock } from '../lib/clock.ts'
import { createQueueIds } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import type { EventLog } from '../observe/json-log.ts'
import type { OpenQueue, OpenReport } from '../queue/contract/opened-queue.ts'
import { openQueue } from '../queue/sqlite/open-queue.ts'
import { startTransferListener } from '../queue/transfer/transfer-listener.ts'
import type { TransferListener, TransferListenerPorts } from '../queue/transfer/transfer-listener.ts'
import { openTokenFile } from '../route/srs/token-file.ts'
import type { TokenFile } from '../route/srs/token-file.ts'
import { pidFilePath } from '../wiring/node-paths.ts'
import { spamFilterSettings } from '../wiring/checks.ts'
import { adminSettings, queueSettings, resolverSettings } from '../wiring/node-settings.ts'
import { startListeners } from '../wiring/receiving.ts'
import { tokenFileSettings } from '../wiring/routing-settings.ts'
import { createSpamWatch } from './spam-watch.ts'
import { transferListenerSettings } from '../wiring/transfer-settings.ts'
import { createCurrentData } from './current-data.ts'
import type { CurrentData } from './current-data.ts'
import { loadData } from './load-data.ts'
import { buildMailPath } from './mail-path.ts'
import { openLog } from './node-log.ts'
import { observeNode } from './observation.ts'
import { writePidFile } from './pid-file.ts'
import { applyReload, logWarnings } from './apply-reload.ts'
import { holdSources } from './source-holder.ts'
import type { SourceHolder } from './source-holder.ts'

/** How long sessions and deliveries may continue during a drain; systemd kills after 90 s. */
const DRAIN_MS = 30_000
/** How often events older than `queue.keep_events` are removed from the ledger. */
const PURGE_INTERVAL_MS = 3_600_000

export interface Node {
  readonly log: Log
  /** Activates the reloadable keys, data and certificate of a new configuration, all or nothing. */
  reload(config: Config): Promise<void>
  /** The files that the data was read from. */
  files(): readonly string[]
  /** Resolves with the cause if the queue fails. The node can no longer accept mail or record results: end the process. */
  readonly failed: Promise<string>
  /** Drains, gives unfinished claims back to the queue, closes everything. */
  stop(): Promise<void>
}

export type NodeStart =
  | { readonly kind: 'started'; readonly node: Node }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** Starts a node. If it cannot start, everything that was opened is closed again and the problems say why. */
export async function startNode(config: Config): Promise<NodeStart> {
  const { log, flush } = openLog(config)
  // The steps of the stop, run in reverse order.
  const stops = new AsyncDisposableStack()
  const giveUp = async (problems: readonly Problem[]): Promise<NodeStart> => {
    await stops.disposeAsync()
    await flush()
    return { kind: 'bad', problems }
  }
  try {
    const loaded = await loadAll(config, log, stops)
    if (loaded.kind === 'bad') return await giveUp(loaded.problems)
    return { kind: 'started', node: await boot(config, { ...loaded, log, flush, stops }) }
  } catch (error) {
    const message = `the node cannot start: ${(error as Error).message}`
    return giveUp([{ file: config.file, line: 1, column: 1, message }])
  }
}

interface Loaded {
  readonly data: CurrentData
  /** Null if the role does not rewrite senders. */
  readonly tokens: TokenFile | null
  readonly sources: SourceHolder
}

type LoadResult = ({ readonly kind: 'ok' } & Loaded) | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** Opens and reads everything that the node needs besides its YAML. */
async function loadAll(config: Config, log: Log, stops: AsyncDisposableStack): Promise<LoadResult> {
  const clock = systemClock
  const tokens = await openTokens(config)
  stops.defer(() => tokens?.close())
  const sources = await holdSources(config, { clock, log })
  stops.defer(() => sources.close())
  const loaded = await loadData(config, { clock, tokens, sources: sources.set })
  if (loaded.kind === 'bad') return loaded
  logWarnings(loaded.warnings, log)
  return { kind: 'ok', data: createCurrentData(loaded.data), tokens, sources }
}

interface BootParts extends Loaded {
  readonly log: EventLog
  readonly flush: () => Promise<void>
  readonly stops: AsyncDisposableStack
}

async function boot(config: Config, { data, tokens, sources, log, flush, stops }: BootParts): Promise<Node> {
  const clock = systemClock
  const certificate: { value: TlsMaterial | null } = { value: config.tls }
  const draining = new AbortController()
  const resolver = await openResolver(resolverSettings(config), clock)
  const queue = await openNodeQueue(config)
  stops.defer(() => queue.close())
  stops.defer(writePidFile(pidFilePath(config), log))
  logOpening(queue.opened, log)
  const spamSettings = spamFilterSettings(config)
  const spam = spamSettings && createSpamWatch(spamSettings, { clock, log })
  stops.defer(() => spam?.close())
  const newQueueId = createQueueIds(clock, systemRandom)
  const shared = { queue, resolver, clock, log, data, certificate, newQueueId }
  const { intake, engine, notifier, addresses } = buildMailPath(config, shared)
  stops.defer(() => addresses?.stop())
  const observing = { ...shared, addresses, draining: draining.signal, sources: () => sources.current(), spam }
  const observation = await observeNode(adminSettings(config), observing)
  stops.defer(() => observation.close())
  const pool = createPasswordPool()
  stops.defer(() => pool.close())
  const passwords = createPasswdAuthenticator({ people: data.people, pool, domain: config.domain })
  stops.defer(() => notifier.stop())
  stops.defer(() => engine.drain(DRAIN_MS))
  const receiving = { ...shared, intake, spam: spam?.scanner ?? null, passwords, guard: createGuard({ clock }) }
  const listeners = await startListeners(config, receiving)
  stops.defer(async () => void (await Promise.all(listeners.map((one) => one.drain(DRAIN_MS)))))
  const transfers = await startTransfers(config, { queue, certificate, log, taken: () => notifier.due() })
  stops.defer(() => transfers?.close())
  addresses?.start()
  engine.start()
  notifier.start()
  const purging = clock.every(PURGE_INTERVAL_MS, () => purge(config, queue, log))
  stops.defer(() => purging.cancel())
  log.info({ role: config.role.role, listeners: listeners.map((one) => one.address().port) }, 'ready')
  const running = { config, clock, log, data, tokens, sources, certificate, listeners, transfers }
  return {
    log,
    failed: failureOf(queue, log, flush),
    files: () => data.files(),
    reload: (wanted) => applyReload(wanted, running),
    stop: async () => {
      draining.abort()
      log.info({}, 'draining')
      await stops.disposeAsync()
      log.info({}, 'stopped')
      await flush()
    },
  }
}

/** Null if the role does not rewrite senders. */
async function openTokens(config: Config): Promise<TokenFile | null> {
  const settings = tokenFileSettings(config)
  if (!settings) return null
  mkdirSync(dirname(settings.path), { recursive: true, mode: 0o700 })
  return openTokenFile(settings.path, { at: systemClock.now(), maxAgeDays: settings.maxAgeDays })
}

/** Opens or creates the queue. Rejects with QueueUnavailable. */
function openNodeQueue(config: Config): Promise<OpenQueue> {
  const settings = queueSettings(config)
  mkdirSync(settings.directory, { recursive: true, mode: 0o700 })
  return openQueue(settings, { clock: systemClock, randomBytes: systemRandom })
}

/** Null if the configuration has no transfer listener. Rejects if its address cannot be bound. */
async function startTransfers(
  config: Config,
  { log, ...parts }: Omit<TransferListenerPorts, 'log'> & { readonly log: Log },
): Promise<TransferListener | null> {
  const settings = transferListenerSettings(config)
  if (!settings) return null
  const notice = (message: string, fields: Readonly<Record<string, unknown>>) => log.warn(fields, message)
  return startTransferListener(settings, {
    ...parts,
    log: { notice, bug: (error, context) => log.bug(error, context) },
  })
}

async function failureOf(queue: OpenQueue, log: Log, flush: () => Promise<void>): Promise<string> {
  const cause = await new Promise<string>((resolve) => queue.onFatal(resolve))
  log.error({ cause }, 'the queue failed; shutting down')
  await flush()
  return cause
}

function purge(config: Config, queue: OpenQueue, log: Log): void {
  const before = systemClock.now() - config.queue.keep_events
  queue.purge(before).catch((error: unknown) => log.bug(error, 'purge of the event ledger'))
}

function logOpening({ recovered, orphansRemoved, lost }: OpenReport, log: Log): void {
  if (recovered > 0) log.warn({ recovered }, 'the last run ended during attempts; they are retried')
  if (orphansRemoved > 0) log.info({ orphansRemoved }, 'spool files without a message were removed')
  for (const one of lost)
    log.error({ ...one }, 'the body of a queued message is missing or damaged; its recipients are held')
}
