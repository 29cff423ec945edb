// What a running node asks: rspamd, clamd, lists in the DNS, the greylist, token servers; and the drop directory.

import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { Resolver } from '../dns/resolver.ts'
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
import { watchOauth } from './oauth-watch.ts'
import type { ReceptionParts } from './start-listeners.ts'
import { createVirusWatch } from './virus-watch.ts'

interface ServiceParts {
  readonly clock: Clock
  readonly resolver: Resolver
  readonly budgets: Budgets
  readonly state: StateChannel
  readonly log: EventLog
  readonly stops: AsyncDisposableStack
}

/** Starts them; null for what the configuration does not have. The stops end them. */
export function watchServices(config: Config, { resolver, clock, budgets, state, log, stops }: ServiceParts) {
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
  const fleetDns = watchFleetDns(config, { resolver, clock, log })
  stops.defer(() => fleetDns?.close())
  const certificates = watchCertificate(config, { resolver, clock, budgets, log })
  stops.defer(() => certificates?.close())
  return { spam, virus, dnsLists, greylist, drop, oauth, fleetDns, certificates }
}

/** What the checks get of them. */
export function scannersOf(
  config: Config,
  {
    spam,
    virus,
    dnsLists,
    greylist,
  }: Omit<ReturnType<typeof watchServices>, 'drop' | 'oauth' | 'fleetDns' | 'certificates'>,
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
