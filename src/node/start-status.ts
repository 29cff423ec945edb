// The status page of a running node: what it shows and does, over the contracts of the queue, the state and the watches.

import { describeCertificate } from '../certificates/describe-certificate.ts'
import { keeperFiles } from '../certificates/keeper-files.ts'
import { readState } from '../certificates/keeper-state.ts'
import type { PageRequest } from '../admin/http.ts'
import { readAccountName, readBanSubject } from '../auth/subject-names.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import type { DeliveryEngine } from '../delivery/engine.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import { formatEndpoint } from '../lib/endpoint.ts'
import { createFormGuard } from '../lib/form-guard.ts'
import type { Page } from '../lib/http-page.ts'
import { systemRandom } from '../lib/random.ts'
import { readRegularFile } from '../lib/read-regular-file.ts'
import type { EventLog } from '../observe/event-log.ts'
import { createPrivacy } from '../privacy/treatment.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { createSessions } from '../self-service/sessions.ts'
import { operatorOf } from '../state/operator-name.ts'
import { createStatusAnswer } from '../status/answer-status.ts'
import { createOperatorLogin } from '../status/operator-login.ts'
import { createSingle } from '../status/single-query.ts'
import type { CertificatePorts, QueuePorts, StatusPorts } from '../status/status-ports.ts'
import { logSettings } from '../wiring/node-settings.ts'
import { statusSettings } from '../wiring/status-settings.ts'
import type { AccountWatch } from './account-watch.ts'
import type { BanWatch } from './ban-watch.ts'
import type { CurrentSources } from './directory-health.ts'
import type { FleetDnsWatch } from './fleet-dns-watch.ts'
import { statusDirectory } from './status-directory.ts'
import { fleetClient, statusNodes } from './status-nodes.ts'

export interface StatusPageParts {
  readonly queue: OpenQueue
  readonly budgets: Budgets
  readonly log: EventLog
  readonly sources: CurrentSources
  readonly clock: Clock
  readonly certificate: Current<TlsMaterial | null>
  readonly engine: Pick<DeliveryEngine, 'waits'>
  readonly accounts: Pick<AccountWatch, 'held' | 'release' | 'brake' | 'accountHeld'>
  readonly bans: Pick<BanWatch, 'operator'>
  readonly fleetDns: Pick<FleetDnsWatch, 'state'> | null
}

export interface StatusPage {
  readonly page: (request: PageRequest) => Promise<Page>
  close(): void
}

/** How often the history notes how much waits. */
const SAMPLE_MS = 20_000
const HASH_KEY_OCTETS = 32
/** Mail hosts that obey DANE look at this port. */
const SMTP_PORTS = [25]

/** Null without `admin.login`. @param health what /healthz answers */
export function openStatusPage(
  config: Config,
  { health, history, ...parts }: StatusPageParts & Pick<StatusPorts, 'health' | 'history'>,
): StatusPage | null {
  const settings = statusSettings(config)
  if (!settings) return null
  const { clock, log, queue, budgets } = parts
  const sample = async () => {
    const state = await queue.health()
    if (state.kind === 'ok') history.sample(state.waiting)
  }
  const sampling = clock.every(SAMPLE_MS, () => void sample().catch((error: unknown) => log.bug(error, 'status page')))
  const sessions = createSessions(budgets.pool('operatorSessions'), clock)
  const login = createOperatorLogin(settings.login, {
    readList: readRegularFile,
    sessions,
    failures: budgets.rate('operatorLogins'),
    log,
  })
  const isSecure = config.admin?.tls === true
  const answer = createStatusAnswer({
    ports: portsOf(config, { ...parts, health, history }),
    login,
    guard: createFormGuard(),
    isOwnHost: settings.isOwnHost,
    cookie: { name: isSecure ? '__Host-waypost-status' : 'waypost-status', isSecure },
    single: createSingle(clock),
  })
  return {
    page: answer,
    close: () => {
      sampling.cancel()
      sessions.close()
    },
  }
}

type PortParts = StatusPageParts & Pick<StatusPorts, 'health' | 'history'>

function portsOf(config: Config, parts: PortParts): StatusPorts {
  const { clock, log, health, history, accounts, bans } = parts
  const queue = queuePorts(parts)
  const hashKey = systemRandom(HASH_KEY_OCTETS)
  return {
    clock,
    log,
    facts: {
      hostname: config.hostname,
      role: config.role.role,
      startedAt: clock.now(),
      listeners: config.listeners.map(({ name, host, port }) => ({ name, address: formatEndpoint({ host, port }) })),
    },
    health,
    history,
    queue,
    nodes: statusNodes(config.hostname, fleetClient(config, parts), { clock, reader: queue.reader }),
    accounts: {
      readName: readAccountName,
      holds: () => accounts.held(),
      hold: async (order) => {
        const answer = await accounts.brake.hold({ ...order, by: operatorOf(order.by) })
        if (answer === 'held') accounts.accountHeld()
        return answer === 'unavailable' ? null : answer === 'held'
      },
      release: (account, by) => accounts.release(account, { ...by, name: operatorOf(by.name) }),
    },
    bans: {
      readSubject: readBanSubject,
      standing: (limit) => bans.operator.standing(clock.now(), limit),
      order: (ban) => bans.operator.order({ ...ban, by: operatorOf(ban.by) }),
      end: (subject, by) => bans.operator.end(subject, { ...by, name: operatorOf(by.name) }),
      problem: () => bans.operator.problem,
    },
    directory: statusDirectory(config, parts),
    certificates: certificatePorts(config, parts),
    // The key of the hashes is not that of the log: a page is not compared with it.
    privacy: createPrivacy(logSettings(config, () => hashKey).privacy),
  }
}

function queuePorts({ queue, engine }: PortParts): QueuePorts {
  return {
    reader: queue.reader,
    control: queue,
    destinations: () => queue.destinations(),
    health: () => queue.health(),
    waits: async () => {
      const { paused, destinations } = await engine.waits()
      return { stopped: paused, destinations: new Map(destinations.map((one) => [one.nextHop, one])) }
    },
  }
}

function certificatePorts(config: Config, { certificate, fleetDns }: PortParts): CertificatePorts {
  const acme = config.tls?.acme
  return {
    certificates: () => {
      const { value } = certificate
      if (!value) return []
      return [value, ...(value.more ?? [])].map((pair, index) => ({
        key: index === 0 ? 'tls' : `tls.more.${index - 1}`,
        ...describeCertificate(pair.certificate, acme?.tlsa_ports ?? SMTP_PORTS),
      }))
    },
    renewal: async () => {
      if (!acme) return null
      const { renewal, problem, retryAt } = await readState(keeperFiles(acme.file).state)
      const time = (at: number) => new Date(at).toISOString()
      if (problem !== null)
        return `The renewal fails: ${problem}${retryAt === null ? '' : `; next try at ${time(retryAt)}`}`
      return renewal === null ? 'The node renews it by itself.' : `The node renews it at ${time(renewal.at)}.`
    },
    dns: () => fleetDns?.state() ?? null,
  }
}
