// The life of a node: its parts are built from one configuration, started in the order of need and stopped in reverse.

import type { LastUses } from '../auth/last-uses.ts'
import type { LoginHistory } from '../auth/login-history.ts'
import { type Budgets, createBudgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import { createThreadedAuthenticator } from '../filter/threaded-authenticator.ts'
import { systemClock } from '../lib/clock.ts'
import { createQueueIds } from '../lib/ids.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import type { Log } from '../lib/log.ts'
import { createFleetAnswers } from '../fleet-view/answer-question.ts'
import type { NodeStatus } from '../fleet-view/node-status.ts'
import { ledgerOf } from '../fleet-view/trace-source.ts'
import { systemRandom } from '../lib/random.ts'
import type { EventLog } from '../observe/event-log.ts'
import type { DailyKey } from '../privacy/daily-key.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { createStateThread, type StateThread } from '../state/thread/state-thread.ts'
import type { TokenStore } from '../route/srs/srs-token.ts'
import { openFileGuard } from '../directory/snapshots/file-guard.ts'
import type { FileGuard } from '../directory/snapshots/file-guard.ts'
import { fileGuardPlan } from '../wiring/file-guard-settings.ts'
import { quarantineSettings } from '../wiring/mail-settings.ts'
import { answerCommands, followOrders } from './answer-commands.ts'
import { logWarnings } from './apply-reload.ts'
import { certificateMismatch } from './certificate-check.ts'
import { createCheckMeter } from './check-counts.ts'
import { createSignInCount, type SignInCount } from './sign-in-count.ts'
import { createMeters } from './meters.ts'
import { createConfigurationState } from './configuration-state.ts'
import { createCurrentModes } from './current-modes.ts'
import { createCurrentData } from './current-data.ts'
import type { CurrentData } from './current-data.ts'
import { loadData } from './load-data.ts'
import { openNodeQueue, queueFailure, startPurging } from './node-queue.ts'
import { buildMailPath } from './mail-path.ts'
import type { MailPath } from './mail-path.ts'
import { keepHashKey, openLog } from './node-log.ts'
import { openLogin, type OpenLogin } from './open-login.ts'
import { type LoginUses, openLoginUses } from './open-login-uses.ts'
import { openTokens } from './open-tokens.ts'
import { observeNode } from './observation.ts'
import type { Observation, ObservationParts } from './observation.ts'
import type { StatusPageParts } from './start-status.ts'
import { createLoginWatch } from '../reception/login-watch.ts'
import type { ReloadResult } from './reload-result.ts'
import { createProbe, neededRoles } from './reachability.ts'
import type { ProbePorts } from './reachability.ts'
import { createPasswordCount, type PasswordCount } from './password-count.ts'
import { createProxyCount } from './proxy-count.ts'
import { releaseWhenIdle } from './idle-memory.ts'
import { informOperator } from './inform-operator.ts'
import { watchReachability } from './reachability-watch.ts'
import { openDns } from './open-dns.ts'
import { type KeyWatch, type KeyWatchPorts, openKeyWatch } from './key-watch.ts'
import { startReloader } from './reloader.ts'
import { deliveryHelpers, scannersOf, watchServices } from './services.ts'
import { holdSources } from './source-holder.ts'
import type { SourceHolder } from './source-holder.ts'
import { followLists, openRevocationLists } from './revocation-lists.ts'
import type { RevocationLists } from './revocation-lists.ts'
import { listenerMaterial } from './listener-material.ts'
import type { CertificateUse } from './certificate-use.ts'
import { keepLastRun } from './last-run.ts'
import { createNodeStatus } from './build-status.ts'
import { localPlace, startDrop } from './start-drop.ts'
import { recordShortHashes } from './srs-hash-record.ts'
import { inDataDirectory, startProblem } from './start-failure.ts'
import { startHttps } from './start-https.ts'
import { startListeners, startTransfers } from './start-listeners.ts'
import { knownOnly, openSelfService } from './start-self-service.ts'
import type { ReceptionParts } from './start-listeners.ts'
import { type ClientWatch, watchClients } from './watch-clients.ts'
import { watchClock } from './clock-watch.ts'

/** How long sessions and deliveries may continue during a drain; systemd kills after 90 s. */
const DRAIN_MS = 30_000
export interface Node {
  readonly log: Log
  /** Reads the node's YAML again and activates its reloadable keys, data and certificate, all or nothing. Never rejects. */
  reload(): Promise<ReloadResult>
  /** The files that the data was read from, and those of data that was refused. */
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
  const { log, flush, hashKey } = openLog(config)
  // The steps of the stop, run in reverse order.
  const stops = new AsyncDisposableStack()
  const giveUp = async (problems: readonly Problem[]): Promise<NodeStart> => {
    await stops.disposeAsync()
    await flush()
    return { kind: 'bad', problems }
  }
  try {
    const loaded = await loadAll(config, { log, hashKey }, stops)
    if (loaded.kind === 'bad') return await giveUp(loaded.problems)
    const node = await boot(config, { ...loaded, log, hashKey, flush, stops })
    const memory = releaseWhenIdle({ clock: systemClock })
    stops.defer(() => memory.close())
    return { kind: 'started', node }
  } catch (error) {
    return giveUp([startProblem(config, error)])
  }
}

interface Loaded {
  readonly data: CurrentData
  /** Null if the role does not rewrite senders. */
  readonly tokens: TokenStore | null
  readonly sources: SourceHolder
  readonly budgets: Budgets
  readonly guard: FileGuard
  readonly revocation: RevocationLists
}

type LoadResult = ({ readonly kind: 'ok' } & Loaded) | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** Opens and reads the files and sources that the configuration names. */
async function loadAll(
  config: Config,
  { log, hashKey }: Pick<BootParts, 'log' | 'hashKey'>,
  stops: AsyncDisposableStack,
): Promise<LoadResult> {
  // Before everything that writes there, so that the cause is reported once.
  await inDataDirectory(async () => makeDirectory(config.data))
  await keepHashKey(config, hashKey, { log, stops })
  const clock = systemClock
  const budgets = createBudgets(clock)
  const tokens = await openTokens(config, { budgets, log, stops })
  const sources = await holdSources(config, { clock, log })
  stops.defer(() => sources.close())
  const { settings, store } = fileGuardPlan(config)
  const guard = await openFileGuard(settings, { store, clock, log })
  const revocation = await openRevocationLists(config, { clock, log })
  followLists(revocation, { clock, log, stops })
  const kept = { tokens, sources: sources.set, guard, revocation: revocation.lists }
  const ports = { clock, shortHashes: recordShortHashes, ...kept, use: 'start' } as const
  const loaded = await loadData(config, ports)
  if (loaded.kind === 'bad') return loaded
  logWarnings(loaded.warnings, log)
  return { kind: 'ok', data: createCurrentData(loaded.data), tokens, sources, guard, budgets, revocation }
}

interface BootParts extends Loaded {
  readonly log: EventLog
  readonly hashKey: DailyKey
  readonly flush: () => Promise<void>
  readonly stops: AsyncDisposableStack
}

/** What the node counts beside the events of the ledger. */
function createCounts(config: Config) {
  const meters = createMeters(config, systemClock)
  return {
    meters,
    messageMeter: meters.messages,
    proxyCount: createProxyCount(),
    passwordCount: createPasswordCount(),
    signInCount: createSignInCount(),
    meter: createCheckMeter(),
  }
}

async function boot(config: Config, parts: BootParts): Promise<Node> {
  const { data, tokens, sources, guard, budgets, revocation, log, hashKey, flush, stops } = parts
  const clock = systemClock
  const draining = new AbortController()
  const counts = createCounts(config)
  const dns = await openDns(config, { clock, budgets, meter: counts.meters.dns, log, stops })
  const secured = await openCertificate(config, { ...dns, clock, log, stops })
  const queue = await openNodeQueue(config, { log, stops, octets: budgets.pool('spoolOctets') })
  const times = await keepTimes(config, { clock, log, stops })
  const state = startState({ log, budgets }, stops)
  const clients = watchClients(config, { queue, state, clock, budgets, log, hashKey, stops })
  const services = watchServices(config, { ...dns, state, clock, budgets, log, stops })
  const newQueueId = createQueueIds(clock, systemRandom)
  const modes = createCurrentModes(config, log)
  const uses = await openLoginUses(config, { clock, log, stops })
  const kept = { data, ...secured, revocation, ...uses, ...counts }
  const shared = { queue, ...dns, clock, budgets, log, newQueueId, modes, ...kept }
  const path = buildMailPath(config, { ...shared, ...deliveryHelpers(services) })
  stops.defer(() => path.stop())
  const configuration = createConfigurationState(clock)
  const observed = {
    ...shared,
    ...path,
    sources: () => ({ ...sources.current(), files: guard }),
    ...services,
    ...clients,
    configuration,
    ...times,
    domain: config.domain,
  }
  const observation = await observe(config, { ...observed, draining: draining.signal }, stops)
  const health = () => observation.health()
  const facts = { ...observed, health, rates: observation.rates, draining: draining.signal }
  const status = createNodeStatus(config, facts)
  await clients.start()
  const scanners = scannersOf(config, services, data.router)
  const received = await receiveMail(config, { ...shared, ...scanners, sources, clients, path, status, stops })
  path.start()
  services.tlsReports?.start({ intake: path.intake, queue })
  informOperator(config, { ...shared, ...path, ...clients, status, health, stops })
  startDrop(services.drop, localPlace(config, received.listeners), stops)
  startPurging(config, queue, { clock, log, stops })
  const used = { config, clock, log, data, tokens, sources, guard, revocation, ...secured, modes }
  const https = [...received.https, observation]
  const followers = { greylist: services.greylist, accounts: clients.accounts, reports: path.reports }
  const running = { ...used, ...received, ...followers, https }
  const reloader = await startReloader({ ...running, state: configuration, draining: draining.signal })
  stops.defer(() => reloader.close())
  followOrders(reloader, { guard, clock, log, stops })
  const asked = { ...path, ...services, loginFiles: allLoginFiles(kept, received), reloader, status }
  await answerCommands({ ...running, ...asked }, stops)
  log.info({ role: config.role.role, listeners: received.listeners.map((one) => one.address().port) }, 'ready')
  return {
    log,
    failed: queueFailure(queue, log, flush),
    files: () => reloader.files(),
    reload: () => reloader.reload(),
    stop: () => drain(draining, { log, flush, stops }),
  }
}

/** When the node started, and whether the clock that says so can be trusted. */
async function keepTimes(config: Config, ports: Parameters<typeof keepLastRun>[1]) {
  const { startedAt, previous } = await keepLastRun(config, ports)
  const clockWatch = watchClock({ ...ports, previous })
  ports.stops.defer(() => clockWatch.close())
  return { startedAt, clockWatch }
}

async function drain(
  draining: AbortController,
  { log, flush, stops }: Pick<BootParts, 'log' | 'flush' | 'stops'>,
): Promise<void> {
  draining.abort()
  log.info({}, 'draining')
  await stops.disposeAsync()
  log.info({}, 'stopped')
  await flush()
}

/** The certificates of the files, or those in use while a new key waits for the DNS. */
async function openCertificate(
  config: Config,
  { stops, ...ports }: KeyWatchPorts & { readonly stops: AsyncDisposableStack },
): Promise<{ readonly keys: KeyWatch; readonly certificate: { value: TlsMaterial | null } }> {
  const keys = await openKeyWatch(config, ports)
  stops.defer(() => keys.close())
  const certificate = { value: await keys.choose(listenerMaterial(config)) }
  for (const { message } of keys.warnings()) ports.log.warn({}, message)
  return { keys, certificate }
}

/** The files of logins; without users there is none of known clients. */
function allLoginFiles(
  { loginFiles }: Pick<LoginUses, 'loginFiles'>,
  { login }: { readonly login: Pick<OpenLogin, 'knownFile'> | null },
): LoginUses['loginFiles'] {
  return login === null ? loginFiles : [...loginFiles, login.knownFile]
}

/** The thread of shared state. It ends after everything that asks it. */
function startState(
  { log, budgets }: { readonly log: Log; readonly budgets: Budgets },
  stops: AsyncDisposableStack,
): StateThread {
  const places = budgets.stock('stateRequests', () => thread.waiting)
  const thread: StateThread = createStateThread({ clock: systemClock, log, places })
  stops.defer(() => thread.close())
  return thread
}

type ObservedParts = Omit<ObservationParts, 'reachability' | 'certificateMismatch' | 'certificate' | 'quarantine'> &
  Pick<ProbePorts, 'certificate' | 'resolver'> &
  StatusPageParts

/** Starts the probes of resolver and fleet nodes, then log, metrics and health. */
async function observe(config: Config, parts: ObservedParts, stops: AsyncDisposableStack): Promise<Observation> {
  const { clock, log, certificate } = parts
  const reachability = watchReachability(
    { roles: neededRoles(config), needsResolver: config.role.checks.includes('authentication-results') },
    { clock, log, probe: createProbe(config, { ...parts, random: systemRandom }) },
  )
  stops.defer(() => reachability.close())
  const mismatch = () => certificateMismatch(certificate.value, config.hostname)
  const observation = await observeNode(config, {
    ...parts,
    reachability,
    quarantine: quarantineSettings(config),
    certificateMismatch: mismatch,
  })
  stops.defer(() => observation.close())
  return observation
}

type NotReceived =
  | 'noteResult'
  | 'queue'
  | 'intake'
  | 'login'
  | 'data'
  | 'authenticator'
  | 'watch'
  | 'bans'
  | 'accounts'

interface ReceiveParts extends Omit<ReceptionParts, NotReceived> {
  readonly clients: ClientWatch
  readonly queue: OpenQueue
  readonly data: CurrentData
  readonly appUse: LastUses
  readonly passwordCount: PasswordCount
  readonly certificateUse: CertificateUse
  readonly history: LoginHistory | null
  readonly signInCount: SignInCount
  readonly sources: SourceHolder
  readonly path: MailPath
  readonly status: () => Promise<NodeStatus>
  readonly stops: AsyncDisposableStack
}

/** Starts the listeners. At the stop they drain first, then delivery, then bounce. */
async function receiveMail(config: Config, { path, stops, ...parts }: ReceiveParts) {
  const watch = createLoginWatch(parts.clock, { log: parts.log, stops })
  const { bans } = parts.clients
  const users = { people: parts.data.people, certificates: () => parts.data.certificates }
  const history = parts.history && knownOnly(parts.history, parts.data)
  const login = await openLogin(config, { ...parts, ...users, history, watch, bans, stops })
  const authenticator = () => {
    const threads = createThreadedAuthenticator(parts)
    stops.defer(() => threads.close())
    return threads
  }
  stops.defer(() => path.notifier.stop())
  stops.defer(() => path.engine.drain(DRAIN_MS))
  const listeners = await startListeners(config, {
    ...parts,
    accounts: parts.clients.accounts,
    bans: parts.clients.bans.check,
    intake: path.intake,
    login,
    watch,
    authenticator,
    noteResult: path.reports?.sending?.note,
  })
  stops.defer(async () => void (await Promise.all(listeners.map((one) => one.drain(DRAIN_MS)))))
  const questions = createFleetAnswers({
    ...parts,
    ledger: ledgerOf(parts.queue.reader, config.hostname),
    places: parts.budgets.pool('fleetQuestions'),
    rate: parts.budgets.rate('fleetQuestionRate'),
  })
  const transfers = await startTransfers(config, { ...parts, questions, accepted: () => path.notifier.due() })
  stops.defer(() => transfers?.close())
  const https = await startHttps(config, parts)
  stops.defer(async () => void (await Promise.all(https.map((one) => one.close()))))
  const selfService = await openSelfService(config, { ...parts, accounts: parts.clients.accounts, login })
  stops.defer(() => selfService?.close())
  return { listeners, transfers, https, selfService, login }
}
