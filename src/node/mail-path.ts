// The rooms that a mail passes behind the listeners, bound together: intake → queue → delivery → bounce → intake.

import { createNotifier } from '../bounce/notify.ts'
import type { Notifier } from '../bounce/notify.ts'
import type { Config } from '../config/config.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import type { Dispatcher } from '../delivery/dispatcher.ts'
import type { SourceCheck } from '../delivery/hosts/source-check.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { SpamScanner } from '../filter/spam-scan.ts'
import { createIntake } from '../intake/accept-draft.ts'
import type { Intake } from '../intake/intake.ts'
import type { Clock } from '../lib/clock.ts'
import { createQueueIds } from '../lib/ids.ts'
import { systemRandom } from '../lib/random.ts'
import type { Log } from '../observe/json-log.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import type { CurrentData } from '../wiring/current-data.ts'
import { buildDelivery } from '../wiring/delivering.ts'
import { followOperators } from './follow-operators.ts'
import { buildSourceCheck } from '../wiring/source-addresses.ts'
import { bounceSettings, deliveryLog, intakeSettings } from '../wiring/mail-settings.ts'

export interface MailRooms {
  readonly intake: Intake
  readonly engine: Dispatcher
  readonly notifier: Notifier
  /** Looks after our own addresses; null where nothing goes to the internet. */
  readonly addresses: SourceCheck | null
}

export interface MailRoomParts {
  readonly queue: OpenQueue
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: Log
  readonly data: CurrentData
  /** Null without a spam filter. */
  readonly spam: SpamScanner | null
  /** This node's own certificate at the moment. */
  readonly tls: () => TlsMaterial | null
}

/** Builds them; nothing runs until engine and notifier are started. */
export function buildMailRooms(config: Config, parts: MailRoomParts): MailRooms {
  const { queue, resolver, clock, log, data, spam, tls } = parts
  const addresses = buildSourceCheck(config, { resolver, clock, log })
  const engine = buildDelivery(config, {
    queue,
    resolver,
    clock,
    log: deliveryLog(log),
    noticesDue: () => notifier.due(),
    tls,
    addresses,
  })
  const intake = createIntake(intakeSettings(config, { resolver, data, spam }), {
    clock,
    queue,
    router: data.router,
    signer: data.signer,
    sealer: data.sealer,
    newQueueId: createQueueIds(clock, systemRandom),
    hasRoom: (nextHop) => engine.hasRoom(nextHop),
    take: (claims) => engine.take(claims),
    noticesDue: () => notifier.due(),
    bug: (error, context) => log.bug(error, context),
  })
  const notifier = createNotifier(bounceSettings(config), {
    queue,
    intake,
    clock,
    random: systemRandom,
    log: { postponed: (cause) => log.warn({ cause }, 'notices are postponed') },
  })
  followOperators(queue, { engine, noticesDue: () => notifier.due() })
  return { intake, engine, notifier, addresses }
}
