// Log, metrics and health of a running node. Each event reaches the log and the counters after its commit.

import type { AlertWatch } from './alert-watch.ts'
import type { ClockWatch } from './clock-watch.ts'
import type { Server } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { Registry } from 'prom-client'
import { type AdminSources, type AdminStart, startAdmin, startAdminSocket } from '../admin/http.ts'
import type { LastUses } from '../auth/last-uses.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import { formatEndpoint } from '../lib/endpoint.ts'
import { groupId } from '../lib/group-id.ts'
import { checkHealth } from '../observe/health-report.ts'
import type { HealthCheck, HealthReport } from '../observe/health-report.ts'
import { createHistory, type History } from '../observe/event-history.ts'
import type { EventLog } from '../observe/event-log.ts'
import { createMetrics } from '../observe/metrics.ts'
import type { GaugeSource, HistogramSource } from '../observe/metrics.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { bindSocket } from '../server/bind-socket.ts'
import { tlsOptions } from '../server/tls-material.ts'
import { adminSettings } from '../wiring/node-settings.ts'
import type { AccountWatch } from './account-watch.ts'
import type { BanWatch } from './ban-watch.ts'
import type { KeyWatch } from './key-watch.ts'
import type { DropWatch } from './drop-watch.ts'
import type { GreylistWatch } from './greylist-watch.ts'
import type { ListWatch } from './list-watch.ts'
import type { CertificateWatch } from './certificate-watch.ts'
import type { OauthWatch } from './oauth-watch.ts'
import type { FleetDnsWatch } from './fleet-dns-watch.ts'
import type { ReportWatch } from './report-watch.ts'
import type { ProbeWatch } from './probe-watch.ts'
import type { PolicyWatch } from './policy-watch.ts'
import type { TlsReportWatch } from './tls-report-watch.ts'
import type { SpamWatch } from './spam-watch.ts'
import type { WebhookWatch } from './webhook-watch.ts'
import type { ValidationWatch } from './validation-watch.ts'
import type { VirusWatch } from './virus-watch.ts'
import { appPasswordGauge } from './app-password-state.ts'
import type { CertificateUse } from './certificate-use.ts'
import type { RevocationLists } from './revocation-lists.ts'
import { budgetGauges, budgetHealth } from './budget-gauges.ts'
import type { MeteredChecks } from './check-counts.ts'
import type { Meters } from './meters.ts'
import type { ConfigurationState } from './configuration-state.ts'
import type { CurrentModes } from './current-modes.ts'
import { directoryGauges, directoryHealth } from './directory-health.ts'
import type { CurrentSources } from './directory-health.ts'
import { healthChecks } from './health-checks.ts'
import type { HealthParts } from './health-checks.ts'
import { healthGauges } from './health-gauges.ts'
import { ownListGauge } from './own-list-gauges.ts'
import type { CurrentData } from './current-data.ts'
import type { PasswordCount } from './password-count.ts'
import { quarantineGauges, quarantineHealth } from './quarantine-gauges.ts'
import type { QuarantineSettings } from '../intake/quarantine.ts'
import { queueGauges } from './queue-gauges.ts'
import type { ProxyCount } from './proxy-count.ts'
import type { ReachabilityWatch } from './reachability-watch.ts'
import type { SignInCount } from './sign-in-count.ts'
import { StartFailure } from './start-failure.ts'
import { openStatusPage, type StatusPageParts } from './start-status.ts'

export interface ObservationParts extends HealthParts {
  readonly queue: OpenQueue
  readonly budgets: Budgets
  readonly log: EventLog
  readonly sources: CurrentSources
  readonly data: Pick<CurrentData, 'ownLists' | 'apps'>
  readonly appUse: LastUses
  readonly certificateUse: Pick<CertificateUse, 'metric'>
  readonly revocation: Pick<RevocationLists, 'health'>
  /** The main domain. */
  readonly domain: string
  readonly quarantine: QuarantineSettings
  readonly configuration: Pick<ConfigurationState, 'health' | 'gauges'>
  readonly reachability: Pick<ReachabilityWatch, 'checks' | 'gauges'>
  readonly proxyCount: Pick<ProxyCount, 'metric'>
  readonly passwordCount: Pick<PasswordCount, 'metric'>
  readonly signInCount: Pick<SignInCount, 'metric'>
  readonly modes: Pick<CurrentModes, 'health' | 'metric'>
  readonly meter: Pick<MeteredChecks, 'metrics' | 'histogram'>
  readonly meters: Pick<Meters, 'metrics' | 'histograms'>
  /** Null without a spam filter. */
  readonly spam: Pick<SpamWatch, 'health' | 'metric'> | null
  /** Null without a virus scanner. */
  readonly virus: Pick<VirusWatch, 'health' | 'metric'> | null
  /** Null without DNS lists. */
  readonly dnsLists: Pick<ListWatch, 'health' | 'metrics'> | null
  /** Null if the role does not greylist. */
  readonly greylist: Pick<GreylistWatch, 'health' | 'metric'> | null
  readonly bans: Pick<BanWatch, 'health' | 'metric'>
  /** Null without a drop directory. */
  readonly drop: Pick<DropWatch, 'health' | 'metric'> | null
  readonly accounts: Pick<AccountWatch, 'health' | 'metric'>
  /** Null if MTA-STS is off. */
  readonly policies: Pick<PolicyWatch, 'health' | 'metrics'> | null
  /** Null without `tls_reports`. */
  readonly tlsReports: Pick<TlsReportWatch, 'health' | 'metrics'> | null
  /** Null without targets. */
  readonly webhooks: Pick<WebhookWatch, 'health' | 'metrics'> | null
  /** Null without `alerts`. */
  readonly alerts: Pick<AlertWatch, 'health' | 'metrics'> | null
  readonly clockWatch: Pick<ClockWatch, 'health' | 'metrics'>
  /** Null without `tls.acme`. */
  readonly certificates: Pick<CertificateWatch, 'health' | 'metrics'> | null
  readonly keys: Pick<KeyWatch, 'health' | 'metrics'>
  /** Null for a node that never sends to the internet. */
  readonly validation: Pick<ValidationWatch, 'health' | 'metrics'> | null
  /** Null without OAuth clients. */
  readonly oauth: Pick<OauthWatch, 'health' | 'metrics'> | null
  /** Null for a node that does not check the DNS of the fleet. */
  readonly fleetDns: Pick<FleetDnsWatch, 'health' | 'metrics'> | null
  /** Null for a node that reads no reports. */
  readonly reports: Pick<ReportWatch, 'health' | 'metrics'> | null
  /** Null without the section `probe`. */
  readonly probe: Pick<ProbeWatch, 'health' | 'metrics' | 'histogram' | 'isProbe'> | null
}

/** Connections that wait for the node, as for TCP. */
const SOCKET_BACKLOG = 128

export interface Observation {
  health(): Promise<HealthReport>
  readonly rates: Pick<History, 'last'>
  /** Uses the certificates of a reload. Null, or why they cannot be used. */
  updateTls(): string | null
  close(): Promise<void>
}

/** Starts to log and to count events, and the admin listeners. Rejects if an address cannot be bound. */
export async function observeNode(config: Config, parts: ObservationParts & StatusPageParts): Promise<Observation> {
  const { queue, clock, log } = parts
  const checks = allChecks(parts)
  const registry = new Registry()
  const metrics = createMetrics(registry, {
    gauges: nodeGauges(parts, checks),
    histograms: nodeHistograms(parts),
    process: true,
    ...(parts.probe && { isProbe: parts.probe.isProbe }),
  })
  const history = createHistory(clock)
  const health = () => checkHealth(checks, clock)
  queue.subscribe((events) => {
    for (const event of events) {
      log.event(event)
      metrics.record(event)
    }
    history.record(events)
  })
  const status = openStatusPage(config, { ...parts, health, history })
  const sources: AdminSources = {
    metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    health,
    ...(status ? { page: status.page } : {}),
    bug: (error, context) => log.bug(error, context),
  }
  const started = await startAdminListeners(config, sources, parts).catch((error: unknown) => {
    status?.close()
    throw error
  })
  return {
    health,
    rates: history,
    updateTls: () => started.map((one) => one.updateTls()).find((cause) => cause !== null) ?? null,
    close: async () => {
      await Promise.all(started.map((one) => one.close()))
      status?.close()
    },
  }
}

type Listening = AdminStart & { readonly kind: 'listening' }

/** That of the address and that of the socket. If one cannot be bound, none listens. */
async function startAdminListeners(
  config: Config,
  sources: AdminSources,
  { certificate }: Pick<StatusPageParts, 'certificate'>,
): Promise<readonly Listening[]> {
  const started: Listening[] = []
  const add = async (start: Promise<AdminStart>, { key, place }: { readonly key: string; readonly place: string }) => {
    const listener = await start
    if (listener.kind === 'listening') return void started.push(listener)
    await Promise.all(started.map((one) => one.close()))
    throw new StartFailure(
      ['admin', key],
      `admin.${key}: cannot listen on ${place}: ${listener.problem}`,
      listener.cause,
    )
  }
  const settings = adminSettings(config)
  // The certificate of an operator proves only a name of the list of operators: no authority has to have signed it.
  const tls = (): TlsOptions => {
    const { value } = certificate
    if (!value) throw new Error('admin.tls needs a certificate (tls)')
    return { ...tlsOptions(value, [value]), requestCert: true, rejectUnauthorized: false }
  }
  const withTls = config.admin?.tls === true ? { tls } : {}
  if (settings)
    await add(startAdmin({ ...settings, ...withTls }, sources), { key: 'listen', place: formatEndpoint(settings) })
  const socket = config.admin?.socket
  if (socket) {
    const gid = socket.group === null ? null : groupId(socket.group)
    if (socket.group !== null && gid === null)
      throw new StartFailure(
        ['admin', 'socket'],
        `admin.socket.group: there is no group ${socket.group} in /etc/group`,
        undefined,
      )
    const bind = (server: Server) => bindSocket(server, { path: socket.path, gid }, SOCKET_BACKLOG)
    await add(startAdminSocket(bind, sources), { key: 'socket', place: socket.path })
  }
  return started
}

function allChecks(parts: ObservationParts): HealthCheck[] {
  const { budgets, clock, configuration, modes, reachability, sources, spam, virus, dnsLists, greylist, drop } = parts
  return [
    ...healthChecks(parts),
    configuration.health,
    parts.revocation.health,
    parts.clockWatch.health,
    modes.health,
    ...reachability.checks,
    directoryHealth(sources),
    budgetHealth(budgets, clock),
    parts.bans.health,
    parts.accounts.health,
    parts.keys.health,
    ...[parts.webhooks, parts.alerts, parts.oauth, parts.reports, parts.fleetDns, parts.probe].flatMap((one) =>
      one ? [one.health] : [],
    ),
    ...[parts.certificates, parts.validation, parts.policies, parts.tlsReports].flatMap((one) =>
      one ? [one.health] : [],
    ),
    quarantineHealth(parts.queue, parts.quarantine, clock),
    ...[spam, virus, dnsLists, greylist, drop].flatMap((scanner) => (scanner ? [scanner.health] : [])),
  ]
}

type Watches = Pick<
  ObservationParts,
  | 'spam'
  | 'virus'
  | 'dnsLists'
  | 'greylist'
  | 'drop'
  | 'bans'
  | 'accounts'
  | 'webhooks'
  | 'alerts'
  | 'clockWatch'
  | 'oauth'
  | 'reports'
  | 'fleetDns'
  | 'certificates'
  | 'validation'
  | 'policies'
  | 'tlsReports'
  | 'probe'
>

function watchMetrics(parts: Watches): readonly GaugeSource[] {
  const { spam, virus, greylist, bans, accounts, drop, validation, dnsLists, webhooks, alerts, clockWatch } = parts
  const { oauth, reports, fleetDns, certificates, policies, tlsReports, probe } = parts
  const mail = [validation, dnsLists, policies, tlsReports, reports, probe]
  const operation = [webhooks, alerts, clockWatch, oauth, fleetDns, certificates]
  return [
    ...[spam, virus, greylist, bans, accounts, drop].flatMap((source) => (source ? [source.metric] : [])),
    ...[...mail, ...operation].flatMap((source) => source?.metrics ?? []),
  ]
}

/** Every histogram of a node. */
export function nodeHistograms({
  meter,
  meters,
  probe,
}: Pick<ObservationParts, 'meter' | 'meters' | 'probe'>): HistogramSource[] {
  return [meter.histogram, ...meters.histograms, ...(probe ? [probe.histogram] : [])]
}

/** Every metric of a node that is read at a scrape. */
export function nodeGauges(
  parts: Watches &
    Pick<
      ObservationParts,
      | 'queue'
      | 'clock'
      | 'certificate'
      | 'sources'
      | 'budgets'
      | 'configuration'
      | 'reachability'
      | 'proxyCount'
      | 'passwordCount'
      | 'signInCount'
      | 'modes'
      | 'meter'
      | 'meters'
      | 'data'
      | 'appUse'
      | 'certificateUse'
      | 'keys'
      | 'domain'
    >,
  checks: readonly HealthCheck[],
): GaugeSource[] {
  const { queue, clock, configuration, reachability, sources, budgets } = parts
  return [
    ...queueGauges(queue, clock),
    ...healthGauges({ ...parts, checks }),
    ...configuration.gauges,
    ...reachability.gauges,
    ...directoryGauges(sources, clock),
    ...budgetGauges(budgets),
    ...quarantineGauges(queue, clock),
    ...[parts.proxyCount, parts.passwordCount, parts.signInCount, parts.modes].map(({ metric }) => metric),
    ...parts.meter.metrics,
    ...parts.meters.metrics,
    ownListGauge(() => parts.data.ownLists, clock),
    parts.certificateUse.metric,
    ...parts.keys.metrics,
    appPasswordGauge({ list: () => parts.data.apps, use: parts.appUse, domain: parts.domain, clock }),
    ...watchMetrics(parts),
  ]
}
