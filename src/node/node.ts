// The node: every room built from one Config, started in the order of need, stopped in the reverse. The only file that knows all rooms.

import { createCurrentData } from '../wiring/current-data.ts'
import type { CurrentData } from '../wiring/current-data.ts'
import { startHandover } from '../wiring/transfer-settings.ts'
import { loadData } from '../wiring/load-data.ts'
import { buildMailRooms } from './mail-path.ts'
import { openLog } from './node-log.ts'
import type { NodeLog } from './node-log.ts'
import { openNodeQueue } from './node-queue.ts'
import type { NodeState } from './node-state.ts'
import { observeNode } from './observation.ts'
import { leavePid } from './pid-file.ts'
import { startListeners } from '../wiring/receiving.ts'
import { buildResolver } from '../wiring/build-resolver.ts'
import { holdSources } from './source-holder.ts'
import type { SourceHolder } from './source-holder.ts'
import { buildSpamWatch } from '../wiring/spam-watch.ts'
import { openSrsTokens } from '../wiring/srs-tokens.ts'
import { takeOver } from './reloadable-keys.ts'
import { createGuard } from '../auth/login-throttle.ts'
import { createPasswdAuthenticator } from '../auth/passwd-authenticator.ts'
import { createPasswordPool } from '../auth/password-pool.ts'
import type { Config } from '../config/config.ts'
import { formatProblem } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import type { HandoverListener } from '../queue/transfer/transfer-listener.ts'
import { systemClock } from '../lib/clock.ts'
import type { Log } from '../observe/json-log.ts'
import type { OpenQueue, OpenReport } from '../queue/contract/opened-queue.ts'
import type { TokenFile } from '../route/srs/token-file.ts'
import type { Listener } from '../server/listener.ts'

/** Grace of running sessions and deliveries at a stop: systemd's own patience is 90 s. */
const DRAIN_MS = 30_000
/** How often the ledger forgets what is older than `queue.keep_events`. */
const PURGE_EVERY_MS = 3_600_000

export interface Node {
  readonly log: Log
  /** Takes over a new configuration's data and certificate; refused whole if anything is wrong with it. */
  reload(config: Config): Promise<void>
  /** Files that its data came from. */
  files(): readonly string[]
  /** Resolves, with the cause, if the node cannot go on: its queue is gone, nothing can be taken or recorded. Only an end of the process helps. */
  readonly broken: Promise<string>
  /** Drains, gives back what is unfinished, closes. */
  stop(): Promise<void>
}

export type NodeStart =
  | { readonly kind: 'started'; readonly node: Node }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** Boots a node. Foreseen reasons not to start are problems; they have happened before any port was opened. */
export async function startNode(config: Config): Promise<NodeStart> {
  const tokens = await openSrsTokens(config, systemClock).catch((error: Error) => error)
  if (tokens instanceof Error) return cannotStart(config, tokens)
  const opened = new AsyncDisposableStack()
  if (tokens) opened.defer(() => tokens.close())
  const nodeLog = openLog(config, systemClock)
  const sources = await holdSources(config, { clock: systemClock, log: nodeLog.log })
  opened.defer(() => sources.close())
  const loaded = await loadData(config, tokens, sources.set)
  if (loaded.kind === 'bad') {
    await opened.disposeAsync()
    await nodeLog.flush()
    return { kind: 'bad', problems: loaded.problems }
  }
  tellWarnings(loaded.warnings, nodeLog.log)
  try {
    const data = createCurrentData(loaded.data)
    return { kind: 'started', node: await boot(config, { data, tokens, sources, nodeLog, opened }) }
  } catch (error) {
    await opened.disposeAsync()
    await nodeLog.flush()
    return cannotStart(config, error as Error)
  }
}

function cannotStart(config: Config, error: Error): NodeStart {
  const message = `the node cannot start: ${error.message}`
  return { kind: 'bad', problems: [{ file: config.file, line: 1, column: 1, message }] }
}

interface Loaded {
  readonly data: CurrentData
  readonly tokens: TokenFile | null
  readonly sources: SourceHolder
  readonly nodeLog: NodeLog
  /** Closed in the end, or as soon as a later step of the start fails: a node that cannot start must not hang. */
  readonly opened: AsyncDisposableStack
}

async function boot(config: Config, { data, tokens, sources, nodeLog, opened }: Loaded): Promise<Node> {
  const { log, flush } = nodeLog
  const clock = systemClock
  const state: NodeState = { tls: config.tls, draining: false, addresses: null }
  const queue = await openNodeQueue(config, clock)
  opened.defer(() => queue.close())
  opened.defer(leavePid(config, log))
  reportOpening(queue.opened, log)
  const spam = buildSpamWatch(config, { clock, log })
  opened.defer(() => spam?.close())
  const page = await observeNode(config, { queue, clock, log, state, spam, sources: () => sources.current() })
  opened.defer(() => page.close())
  const resolver = await buildResolver(config, clock)
  const parts = { queue, resolver, clock, log, data, spam: spam?.scanner ?? null, tls: () => state.tls }
  const { intake, engine, notifier, addresses } = buildMailRooms(config, parts)
  state.addresses = addresses
  opened.defer(() => addresses?.stop())
  const pool = createPasswordPool()
  opened.defer(() => pool.close())
  const passwords = createPasswdAuthenticator({ people: data.people, pool, domain: config.domain })
  const receiving = {
    queue,
    intake,
    resolver,
    clock,
    log,
    data,
    passwords,
    guard: createGuard({ clock }),
    tls: () => state.tls,
  }
  const listeners = await startListeners(config, receiving)
  const handover = await startHandover(config, { queue, log, tls: () => state.tls, taken: () => notifier.due() })
  opened.defer(() => handover?.close())
  addresses?.start()
  engine.start()
  notifier.start()
  const forget = setInterval(() => forgetOld(config, queue, log), PURGE_EVERY_MS)
  log.info({ role: config.role.role, listeners: listeners.map((one) => one.address().port) }, 'ready')
  return {
    log,
    broken: untilGone(queue, nodeLog),
    files: () => data.files(),
    reload: (next) => reload(next, { config, data, tokens, sources, log, state, listeners, handover }),
    stop: async () => {
      state.draining = true
      log.info({}, 'draining')
      clearInterval(forget)
      await Promise.all(listeners.map((one) => one.drain(DRAIN_MS)))
      await engine.drain(DRAIN_MS)
      await notifier.stop()
      await opened.disposeAsync()
      log.info({}, 'stopped')
      await flush()
    },
  }
}

async function untilGone(queue: OpenQueue, { log, flush }: NodeLog): Promise<string> {
  const cause = await new Promise<string>((resolve) => queue.whenGone(resolve))
  log.error({ cause }, 'the queue is gone: the node ends, what is under way is tried again at the next start')
  await flush()
  return cause
}

/** Lets the ledger forget what is older than the configuration says. */
function forgetOld(config: Config, queue: OpenQueue, log: Log): void {
  const before = systemClock.now() - config.queue.keep_events
  queue.purge(before).catch((error: unknown) => log.bug(error, 'purge of the ledger'))
}

interface Running {
  /** Of the start. */
  readonly config: Config
  readonly data: CurrentData
  readonly tokens: TokenFile | null
  readonly sources: SourceHolder
  readonly log: Log
  readonly state: NodeState
  readonly listeners: readonly Listener[]
  readonly handover: HandoverListener | null
}

/** New data and certificate for a running node. Listeners, peers and the role are of the start: a changed one needs a restart, which is said. */
async function reload(wanted: Config, running: Running): Promise<void> {
  const { data, tokens, log, state, listeners } = running
  const { config, later } = takeOver({ ...running.config, tls: state.tls }, wanted)
  await running.sources.refresh(config)
  const loaded = await loadData(config, tokens, running.sources.set)
  if (loaded.kind === 'bad') {
    data.refuse(loaded.files)
    return log.error({ problems: loaded.problems.map(formatProblem) }, 'reload refused, the old data stays')
  }
  tellWarnings(loaded.warnings, log)
  data.replace(loaded.data)
  await running.sources.adopt(config)
  state.tls = config.tls
  running.handover?.updateTls()
  const trouble = listeners.map((one) => one.updateTls()).find((one) => one !== null)
  if (trouble) log.error({ cause: trouble }, 'the new certificate cannot be used, the old one stays')
  if (later.length > 0)
    log.warn({ keys: later }, 'these changed keys count from the next start on, the running node has the old ones')
  log.info({ data: loaded.data.summary }, 'reloaded')
}

/** What the data say that is lived with: at a reload as at the start, for it may have come with the last edit. */
function tellWarnings(warnings: readonly Problem[], log: Log): void {
  for (const { file, line, message } of warnings) log.warn({ file, line }, message)
}

function reportOpening(opened: OpenReport, log: Log): void {
  const { recovered, orphansRemoved, lost } = opened
  if (recovered > 0) log.warn({ recovered }, 'attempts were cut short by a crash; they are tried again')
  if (orphansRemoved > 0) log.info({ orphansRemoved }, 'bodies without a message were removed')
  for (const one of lost) log.error({ ...one }, 'the body of a queued message is gone; its recipients are held')
}
