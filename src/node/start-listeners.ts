// Starts the listeners of a node: SMTP for each listener of the role, and HTTPS for queue transfers and for mail programs.

import type { People } from '../auth/people.ts'
import type { LastUses } from '../auth/last-uses.ts'
import type { CertificateAuthenticator } from '../auth/authenticator.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { ListenerConfig } from '../config/listeners.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Authenticator } from '../filter/authentication.ts'
import type { DnsLists } from '../filter/dns-lists.ts'
import type { SpamScanner } from '../filter/spam-scan.ts'
import type { VirusScanner } from '../filter/virus-scan.ts'
import { FLEET_PATH, QUESTION_OCTETS } from '../fleet-view/fleet-messages.ts'
import type { Intake } from '../intake/intake.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import { formatEndpoint } from '../lib/endpoint.ts'
import { groupId } from '../lib/group-id.ts'
import { networkMatcher } from '../lib/ip-address.ts'
import type { EventLog } from '../observe/event-log.ts'
import type { CheckMeter } from '../policy/check-meter.ts'
import type { BanCheckParts } from '../policy/checks/bans.ts'
import type { GreylistParts } from '../policy/checks/greylist.ts'
import { createChecks } from '../policy/run-checks.ts'
import type { Queue } from '../queue/contract/queue.ts'
import { startTransferListener } from '../queue/transfer/transfer-listener.ts'
import type { TransferListener, TransferListenerPorts } from '../queue/transfer/transfer-listener.ts'
import type { MessageMeter } from '../reception/message-meter.ts'
import type { LoginWatch } from '../reception/login-watch.ts'
import type { Login } from '../reception/login.ts'
import { createClientLines } from '../reception/client-lines.ts'
import type { ClientLines } from '../reception/client-lines.ts'
import { createSocketLogin } from '../reception/socket-login.ts'
import { createRejectionLedger } from '../reception/rejection-ledger.ts'
import { createHooks } from '../reception/session-hooks.ts'
import type { HookParts } from '../reception/session-hooks.ts'
import type { OwnLists } from '../route/operator-lists.ts'
import type { Router } from '../route/resolution.ts'
import type { SocketPlace } from '../server/bind-socket.ts'
import { startListener } from '../server/listener.ts'
import type { Listener } from '../server/listener.ts'
import { createProvenAddresses, type ProvenAddresses } from '../server/proven-addresses.ts'
import { createSessionPlaces } from '../server/session-places.ts'
import type { TlsMaterial } from '../server/tls-material.ts'
import { buildChecks, type CheckParts } from '../wiring/checks.ts'
import { localNamesOf } from '../wiring/local-names-settings.ts'
import {
  balancersOf,
  fleetAddresses,
  listenerSettings,
  peersOf,
  postmasterAddress,
  serverLimits,
  sessionPools,
} from '../wiring/reception-settings.ts'
import type { CurrentModes } from './current-modes.ts'
import { notingMachines } from './machine-use.ts'
import type { ProxyCount } from './proxy-count.ts'
import { StartFailure } from './start-failure.ts'
import { hasVerifiedWay } from '../wiring/verified-way.ts'
import { transferListenerSettings } from '../wiring/transfer-settings.ts'

export interface ReceptionParts {
  readonly queue: Queue
  readonly intake: Intake
  readonly resolver: Resolver
  readonly clock: Clock
  readonly budgets: Budgets
  readonly log: EventLog
  readonly data: {
    readonly router: Router
    readonly ownLists: OwnLists
    readonly machines: CertificateAuthenticator
    readonly people: People
  }
  readonly machineUse: Pick<LastUses, 'note'>
  /** Null without a spam filter. */
  readonly spam: SpamScanner | null
  /** Null without rspamd. */
  readonly outgoingSpam: SpamScanner | null
  /** Null without a virus scanner. */
  readonly virus: VirusScanner | null
  /** Null without DNS lists. */
  readonly lists: DnsLists | null
  /** Null if the role does not greylist. */
  readonly greylist: GreylistParts | null
  readonly newQueueId: () => string
  /** Called once, and only if the role verifies messages. */
  readonly authenticator: () => Authenticator
  readonly bans: Pick<BanCheckParts, 'bans' | 'isKnown'>
  /** The state of accounts, with its limits and its brake. */
  readonly accounts: Pick<CheckParts, 'usage' | 'accountLimits' | 'brake' | 'brakeSettings' | 'accountHeld'>
  /** Null if no listener admits users. */
  readonly login: Login | null
  readonly watch: LoginWatch
  readonly certificate: Current<TlsMaterial | null>
  readonly proxyCount: Pick<ProxyCount, 'count'>
  readonly modes: Pick<CurrentModes, 'of'>
  readonly meter: CheckMeter
  readonly messageMeter: MessageMeter
  /** Gathers what was verified, for DMARC reports. */
  readonly noteResult: CheckParts['noteResult']
}

/** Starts every SMTP listener of the role. If an address cannot be bound, closes the open listeners and rejects. */
export async function startListeners(config: Config, parts: ReceptionParts): Promise<Listener[]> {
  const shared = sharedByListeners(config, parts)
  const started: Listener[] = []
  try {
    for (const listener of config.listeners)
      started.push(
        await start(config, parts, { listener, shared, socket: null }).catch((error: Error) => {
          throw new StartFailure(['listen', listener.name], error.message, error.cause)
        }),
      )
    const onSocket = await startOnSocket(config, parts, shared)
    if (onSocket) started.push(onSocket)
  } catch (error) {
    await Promise.all(started.map((one) => one.close()))
    throw error
  }
  return started
}

/** The listener of `submission_socket`: that of users, with another proof of who they are. Null if there is none. */
async function startOnSocket(config: Config, parts: ReceptionParts, shared: Shared): Promise<Listener | null> {
  const base = config.listeners.find(({ admit }) => admit.includes('users'))
  if (!config.submission_socket || !base) return null
  const { path, group } = config.submission_socket
  const failed = (message: string, cause?: unknown) => new StartFailure(['submission_socket'], message, cause)
  const gid = group === null ? null : groupId(group)
  if (group !== null && gid === null) throw failed(`submission_socket.group: there is no group ${group} in /etc/group`)
  const listener: ListenerConfig = {
    ...base,
    name: SOCKET_LISTENER,
    tls: 'none',
    admit: ['users'],
    proxy: [],
    xclient: [],
  }
  return start(config, parts, { listener, shared, socket: { path, gid } }).catch((error: Error) => {
    throw failed(`submission_socket: cannot listen on ${path}: ${error.message}`, error)
  })
}

/** In log lines and the ledger. */
const SOCKET_LISTENER = 'submission_socket'

interface Shared extends Omit<HookParts, 'checks' | 'bareNewline' | 'machines'> {
  readonly checksOf: ReturnType<typeof buildChecks>
  readonly lines: ClientLines
  readonly known: ProvenAddresses
}

/** Throttles, the ledger of rejections and the storage check count over all listeners. */
function sharedByListeners(config: Config, parts: ReceptionParts): Shared {
  const { queue, intake, clock, budgets, log, data, newQueueId, login, watch, modes, messageMeter } = parts
  const isTested = (check: string, listener: string) => modes.of(listener).value.has(check)
  const lines = createClientLines({ budgets, clock, log })
  return {
    checksOf: buildChecks(config, {
      ...parts,
      ...parts.accounts,
      router: data.router,
      ownLists: () => data.ownLists,
      isTested,
    }),
    login,
    watch,
    known: createProvenAddresses(),
    intake,
    memory: budgets.pool('messageMemory'),
    queue,
    rejections: createRejectionLedger({ clock, queue, log, budgets, lines }),
    lines,
    messageMeter,
    newQueueId,
    clock,
    log,
    messageSize: config.limits.message_size,
  }
}

interface StartedListener {
  readonly listener: ListenerConfig
  readonly shared: Shared
  /** A Unix socket in place of the address of the listener. */
  readonly socket: SocketPlace | null
}

async function start(
  config: Config,
  { clock, log, data, machineUse, certificate, budgets, proxyCount, modes, meter }: ReceptionParts,
  { listener, shared, socket }: StartedListener,
): Promise<Listener> {
  const admission = {
    admit: listener.admit,
    peers: peersOf(config, listener),
    machines: listener.admit.includes('machines') ? notingMachines(data.machines, machineUse) : null,
    // The rights of a Unix socket decide about its clients.
    ...(listener.networks.length > 0 && !socket && { allows: networkMatcher(listener.networks) }),
  }
  const hooks = createHooks({
    ...shared,
    checks: createChecks(shared.checksOf(admission), { clock, log, tested: modes.of(listener.name), meter }),
    login: loginOf(config, data, { listener, shared, socket }),
    machines: admission.machines,
    bareNewline: listener.bare_newline,
  })
  const settings = listenerSettings(listener, {
    socket,
    certificate: certificate.value !== null,
    verifiedWay: hasVerifiedWay(config),
    userCertificates: config.user_certificates !== null,
    tokens: config.oauth !== null,
    localNames: localNamesOf(config, listener.admit),
  })
  if (settings.tls !== listener.tls)
    log.warn(
      { listener: listener.name },
      'STARTTLS is not offered and mail arrives in cleartext: no certificate is configured (tls)',
    )
  return startListener(settings, {
    hooks,
    certificate,
    clock,
    hostname: config.hostname,
    postmaster: postmasterAddress(config),
    helpLink: config.help_link,
    limits: serverLimits(config, listener),
    places: createSessionPlaces({
      ...sessionPools(config, listener, budgets),
      isPeer: fleetAddresses(config),
      known: shared.known,
    }),
    isFrontEnd: networkMatcher(listener.xclient),
    isForwarder: socket ? () => true : networkMatcher(listener.xforward),
    proxy: balancersOf(listener, { budgets, count: proxyCount.count }),
    log: shared.lines.ofServer,
  })
}

function loginOf(
  { domain }: Config,
  { people }: ReceptionParts['data'],
  { listener, shared, socket }: StartedListener,
): Login | null {
  if (socket) return createSocketLogin({ people, domain, watch: shared.watch })
  return listener.admit.includes('users') ? shared.login : null
}

interface TransferPorts extends Omit<TransferListenerPorts, 'connections' | 'questionOctets' | 'questionPath'> {
  readonly budgets: Budgets
  readonly data: { readonly transports: ReadonlySet<string> }
}

/** Null if the configuration has no transfer listener. Rejects if its address cannot be bound. */
export async function startTransfers(config: Config, ports: TransferPorts): Promise<TransferListener | null> {
  const settings = transferListenerSettings(config, () => ports.data.transports)
  if (!settings) return null
  const connections = ports.budgets.pool('transferConnections')
  const fleet = { questionOctets: QUESTION_OCTETS, questionPath: FLEET_PATH }
  return startTransferListener(settings, { ...ports, ...fleet, connections }).catch((error: Error) => {
    const message = `queue_transfer.listen: cannot listen on ${formatEndpoint(settings)}: ${error.message}`
    throw new StartFailure(['queue_transfer', 'listen'], message, error)
  })
}
