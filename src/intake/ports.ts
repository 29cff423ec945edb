// What intake is told by the role, and what it needs of the other rooms.

import type { Sealer } from '../dkim/sealer.ts'
import type { Signer } from '../dkim/signer.ts'
import type { Clock } from '../lib/clock.ts'
import type { ForwardPolicy } from '../policy/forward-policy.ts'
import type { Claim, Queue } from '../queue/contract/queue.ts'
import type { Router } from '../route/resolution.ts'
import type { EditSettings } from './edit-header.ts'
import type { LoopSettings } from './forward-loop.ts'

export interface IntakeSettings {
  readonly edit: EditSettings
  readonly sign: 'never' | 'proven-origin'
  /** Tell senders who asked for success that an alias stands for several addresses (RFC 3461 5.2.7.3). */
  readonly expanded?: boolean
  /** Recognises mail that comes round again by a forward; without keys by Delivered-To only. */
  readonly loop?: LoopSettings
  /** Decides about copies that leave by a forward; without one they pass as they are. */
  readonly forwards?: ForwardPolicy
  /** Adds an ARC set to what leaves by a forward: whose key, and whose results. */
  readonly seal?: { readonly domain: string; readonly authservId: string }
}

export interface IntakePorts {
  readonly clock: Clock
  readonly queue: Queue
  readonly router: Router
  readonly signer: Signer
  readonly sealer: Sealer
  readonly newQueueId: () => string
  /** Is delivery ready for these next hops now? Then their recipients are claimed in the same commit. */
  readonly hasRoom: (nextHop: string) => boolean
  readonly take: (claims: readonly Claim[]) => void
  /** Recipients failed with their acceptance: somebody is to be told. */
  readonly noticesDue: () => void
  readonly bug: (error: unknown, context: string) => void
}
