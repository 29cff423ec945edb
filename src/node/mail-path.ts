// The modules that a message passes behind the listeners: intake → queue → delivery → bounce → intake.

import { createNotifier } from '../bounce/notify.ts'
import type { Notifier } from '../bounce/notify.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import type { TlsSession } from '../delivery/attempt/tls-session.ts'
import type { DeliveryEngine } from '../delivery/engine.ts'
import type { TokenSource } from '../delivery/smtp-client/client-profile.ts'
import { watchOwnAddresses } from '../delivery/own-addresses.ts'
import type { SourceCheck } from '../delivery/hosts/source-check.ts'
import type { PolicySource } from '../delivery/tls-policy/tls-policy.ts'
import { askAs } from '../dns/ask-as.ts'
import type { Resolver } from '../dns/resolver.ts'
import { createIntake } from '../intake/accept-draft.ts'
import type { Intake } from '../intake/intake.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import type { Log } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import { createSignal } from '../lib/signal.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { deliverySettings } from '../wiring/delivery-settings.ts'
import { internetSources } from '../wiring/destination-settings.ts'
import { createQuarantine } from '../intake/quarantine.ts'
import { bounceSettings, intakeSettings, quarantineSettings } from '../wiring/mail-settings.ts'
import { buildDelivery } from './build-delivery.ts'
import type { Meters } from './meters.ts'
import type { CurrentData } from './current-data.ts'
import { type ReportWatch, watchReports } from './report-watch.ts'
import { type ProbeWatch, watchProbe } from './probe-watch.ts'
import { followOperatorActions } from './operator-actions.ts'

export interface MailPath {
  readonly intake: Intake
  readonly engine: DeliveryEngine
  readonly notifier: Notifier
  /** Null for a node that never sends to the internet. */
  readonly addresses: SourceCheck | null
  /** Null for a node that reads no reports. */
  readonly reports: ReportWatch | null
  /** Null without the section `probe`. */
  readonly probe: ProbeWatch | null
  start(): void
  /** Call it after the engine has drained. */
  stop(): Promise<void>
}

export interface MailPathParts {
  readonly queue: OpenQueue
  readonly budgets: Budgets
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: Log
  readonly data: CurrentData
  readonly newQueueId: () => string
  readonly meters: Pick<Meters, 'delivery'>
  readonly certificate: Current<TlsMaterial | null>
  /** Policies that recipient domains publish beside DANE. */
  readonly policySources: readonly PolicySource[]
  /** Called for each TLS session with a mail host. */
  readonly sessions: ((session: TlsSession) => void) | null
  /** Access tokens for smarthosts, by the name of the client. */
  readonly tokens: ReadonlyMap<string, TokenSource>
}

/** Nothing runs before `start`. */
export function buildMailPath(config: Config, parts: MailPathParts): MailPath {
  const { queue, clock, log, data, newQueueId, certificate, budgets } = parts
  const resolver = askAs(parts.resolver, { purpose: 'delivery' })
  // Delivery and intake end recipients, which makes notices due; the notifier needs both to send them.
  const noticesDue = createSignal()
  const addresses = watchOwnAddresses(internetSources(config), { resolver, clock, log })
  const reports = watchReports(config, {
    ...parts,
    resolver,
    router: data.router,
    prepare: (own) => intake.prepare(own),
  })
  const probe = watchProbe(config, { queue, clock, log, prepare: (own) => intake.prepare(own) })
  const engine = buildDelivery(deliverySettings(config, { certificate, tokens: parts.tokens }), {
    queue,
    resolver,
    clock,
    log,
    budgets,
    noticesDue: noticesDue.publish,
    addresses,
    reports,
    probe,
    meter: parts.meters.delivery,
    policySources: parts.policySources,
    sessions: parts.sessions,
  })
  const intake = createIntake(intakeSettings(config, data), {
    clock,
    queue,
    router: data.router,
    signer: data.signer,
    sealer: data.sealer,
    newQueueId,
    hasCapacity: (nextHop) => engine.hasCapacity(nextHop),
    takeClaims: (claims) => engine.takeClaims(claims),
    noticesDue: noticesDue.publish,
    quarantine: createQuarantine(quarantineSettings(config), {
      stored: () => queue.reader.quarantined(),
      bySite: budgets.rate('quarantined'),
    }),
    log,
  })
  const notifier = createNotifier(bounceSettings(config), { queue, intake, clock, random: systemRandom, log })
  noticesDue.subscribe(() => notifier.due())
  followOperatorActions(queue, { engine, noticesDue: noticesDue.publish })
  const start = () => {
    addresses?.start()
    reports?.start()
    probe?.start().catch((error: unknown) => log.bug(error, 'probe'))
    engine.start()
    notifier.start()
  }
  const stop = async () => {
    addresses?.stop()
    await reports?.close()
    await probe?.close()
  }
  return { intake, engine, notifier, addresses, reports, probe, start, stop }
}
