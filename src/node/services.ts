// What a running node asks: rspamd, clamd, lists in the DNS, the greylist, token servers, published policies; the drop directory, and TLS reports.

import type { Budgets } from '../budget/budgets.ts'
import type { TlsaWitnesses } from '../certificates/published-tlsa.ts'
import type { Config } from '../config/config.ts'
import { askAs } from '../dns/ask-as.ts'
import type { Resolver } from '../dns/resolver.ts'
import { createStrangerClient } from '../https/ask-stranger.ts'
import type { Clock } from '../lib/clock.ts'
import type { EventLog } from '../observe/event-log.ts'
import type { Router } from '../route/resolution.ts'
import type { StateChannel } from '../state/thread/state-messages.ts'
import { dnsListSettings } from '../wiring/dns-list-settings.ts'
import { spamFilterSettings, spamScanner } from '../wiring/spam-scanner.ts'
import { virusScannerSettings } from '../wiring/virus-scanner.ts'
import { watchFleetDns } from './fleet-dns-watch.ts'
import { watchCertificate } from './certificate-watch.ts'
import { watchDrop } from './drop-watch.ts'
import { watchGreylist } from './greylist-watch.ts'
import { watchLists } from './list-watch.ts'
import { createSpamWatch } from './spam-watch.ts'
import { strangerSettings } from '../wiring/sts-settings.ts'
import { watchOauth } from './oauth-watch.ts'
import type { MailPathParts } from './mail-path.ts'
import { watchPolicies } from './policy-watch.ts'
import type { ReceptionParts } from './start-listeners.ts'
import { watchTlsReports } from './tls-report-watch.ts'
import { createVirusWatch } from './virus-watch.ts'

interface ServiceParts {
  readonly clock: Clock
  readonly resolver: Resolver
  readonly witnesses: () => TlsaWitnesses
  readonly budgets: Budgets
  readonly state: StateChannel
  readonly log: EventLog
  readonly stops: AsyncDisposableStack
}

/** Starts them; null for what the configuration does not have. The stops end them. */
export function watchServices(
  config: Config,
  { resolver, witnesses, clock, budgets, state, log, stops }: ServiceParts,
) {
  const spamSettings = spamFilterSettings(config)
  const spam = spamSettings && createSpamWatch(spamSettings, { clock, log })
  stops.defer(() => spam?.close())
  const virusSettings = virusScannerSettings(config)
  const virus = virusSettings && createVirusWatch(virusSettings, { clock, budgets, log })
  const dnsLists = watchLists(dnsListSettings(config), { resolver, clock, log })
  stops.defer(() => dnsLists?.close())
  const greylist = watchGreylist(config, { state, clock, budgets, log })
  stops.defer(() => greylist?.close())
  const drop = watchDrop(config, { clock, budgets, log })
  const oauth = watchOauth(config, { clock, log })
  stops.defer(() => oauth?.close())
  const certificates = watchCertificate(config, { witnesses, clock, budgets, log })
  stops.defer(() => certificates?.close())
  const ask = createStrangerClient(strangerSettings(config), {
    resolver: askAs(resolver, { purpose: 'delivery' }),
    clock,
    budgets,
  })
  const fleetDns = watchFleetDns(config, { resolver, ask, clock, log })
  stops.defer(() => fleetDns?.close())
  const policies = watchPolicies(config, { state, resolver, ask, budgets, clock, log })
  stops.defer(() => policies?.close())
  const tlsReports = watchTlsReports(config, { state, resolver, ask, budgets, clock, log })
  stops.defer(() => tlsReports?.close())
  return { spam, virus, dnsLists, greylist, drop, oauth, fleetDns, certificates, policies, tlsReports }
}

/** What the checks get of them. */
export function scannersOf(
  config: Config,
  {
    spam,
    virus,
    dnsLists,
    greylist,
  }: Pick<ReturnType<typeof watchServices>, 'spam' | 'virus' | 'dnsLists' | 'greylist'>,
  router: Router,
): Pick<ReceptionParts, 'spam' | 'outgoingSpam' | 'virus' | 'lists' | 'greylist'> {
  return {
    spam: spamScanner(config, spam?.scanner ?? null, router),
    outgoingSpam: spam?.scanner ?? null,
    virus: virus?.scanner ?? null,
    lists: dnsLists?.lists ?? null,
    greylist: greylist?.parts ?? null,
  }
}

/** What delivery gets of them. */
export function deliveryHelpers({
  oauth,
  policies,
  tlsReports,
}: Pick<ReturnType<typeof watchServices>, 'oauth' | 'policies' | 'tlsReports'>): Pick<
  MailPathParts,
  'tokens' | 'policySources' | 'sessions'
> {
  return {
    tokens: oauth?.tokens ?? new Map(),
    policySources: policies ? [policies.source] : [],
    sessions: tlsReports?.note ?? null,
  }
}
