// The settings of intake, and what it needs from other modules.

import type { Sealer } from '../dkim/sealer.ts'
import type { Signer } from '../dkim/signer.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ForwardPolicy } from '../policy/forward-policy.ts'
import type { Claim, Queue } from '../queue/contract/queue.ts'
import type { Router } from '../route/resolution.ts'
import type { EditSettings } from './edit-header.ts'
import type { LoopSettings } from './forward-loop.ts'
import type { Quarantine } from './quarantine.ts'
import type { EnvelopeSettings } from './safe-envelopes.ts'

export interface IntakeSettings {
  readonly edit: EditSettings
  readonly sign: 'never' | 'proven-origin'
  /** Send an `expanded` DSN for an alias with several members to a sender that requests NOTIFY=SUCCESS (RFC 3461 5.2.7.3). */
  readonly expanded?: boolean
  /** Keys for the detection of forwarding loops; without them only Delivered-To is used. */
  readonly loop?: LoopSettings
  /** Keeps the envelopes of this node from making forgeries of our domains pass DMARC. */
  readonly envelopes?: EnvelopeSettings
  /** Without a policy forwarded copies pass unchanged. */
  readonly forwards?: ForwardPolicy
  /** Adds an ARC set to forwarded copies: the domain of the key, and the authserv-id of the results. */
  readonly seal?: { readonly domain: string; readonly authservId: string }
}

export interface IntakePorts {
  readonly clock: Clock
  readonly queue: Queue
  readonly router: Router
  readonly signer: Signer
  readonly sealer: Sealer
  readonly newQueueId: () => string
  /** True if delivery can take recipients of this next hop now; they are then claimed in the same commit. */
  readonly hasCapacity: (nextHop: string) => boolean
  /** Passes the claims of a commit to delivery; none means that delivery must look at the queue. */
  readonly takeClaims: (claims: readonly Claim[]) => void
  /** Some recipients ended with their acceptance, so DSNs are due. */
  readonly noticesDue: () => void
  /** For messages that a check wants to be held. */
  readonly quarantine: Quarantine
  readonly log: Pick<Log, 'bug'>
}
