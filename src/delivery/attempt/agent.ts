// The contract of the agent, which makes one attempt for each claim.

import type { Readable } from 'node:stream'
import type { Clock } from '../../lib/clock.ts'
import type { Outcome } from '../../queue/contract/outcome.ts'
import type { Claim, StoredBody } from '../../queue/contract/queue.ts'
import type { DeliveryVerdict } from '../../queue/scheduling/destination-state.ts'
import type { HostFinder } from '../hosts/host-settings.ts'
import type { Transport } from '../smtp-client/transport.ts'
import type { PolicyPorts } from '../tls-policy/tls-policy.ts'
import type { ConnectionPool } from './connection-pool.ts'
import type { TlsSession } from './tls-session.ts'
import type { ReplyRules } from './reply-rules.ts'
import type { HostSlots } from '../slots/host-slots.ts'
import type { HostLimiter } from './shared-limits.ts'

export interface AgentSettings {
  /** Hosts with which one attempt may open a session (Postfix: smtp_mx_session_limit 2). */
  readonly sessionLimit: number
  /** Recipients of one transaction (Postfix: default_destination_recipient_limit 50). */
  readonly recipientLimit: number
  /**
   * Ms from the look-up of the hosts to the begin of the data, all hosts together. RFC 5321 section 4.5.3.2 gives five minutes to single
   * replies; a peer that uses them at each of ten steps would hold a place for most of an hour.
   */
  readonly attemptMs: number
  /** Ms more for each recipient: servers look at other servers before they reply to RCPT. */
  readonly recipientMs: number
}

export const standardAgent: AgentSettings = {
  sessionLimit: 2,
  recipientLimit: 50,
  attemptMs: 10 * 60_000,
  recipientMs: 10_000,
}

export interface AgentPorts {
  readonly hosts: HostFinder
  readonly transport: Transport
  readonly policies: PolicyPorts
  /** Called for each session with a mail host that a TLS policy may be reported about. */
  readonly sessions?: (session: TlsSession) => void
  readonly pool: ConnectionPool
  readonly clock: Clock
  readonly openBody: (body: StoredBody) => Readable
  readonly replies: ReplyRules
  readonly limiter: HostLimiter
  readonly hostSlots: HostSlots
}

export interface AttemptResult {
  readonly outcomes: readonly { readonly recipientId: number; readonly outcome: Outcome }[]
  /** What the attempt says about the destination. */
  readonly verdict: DeliveryVerdict
  /** Ms during which a host accepts no mail for this destination; 0 for none. */
  readonly pauseMs: number
  /**
   * Set if nothing was sent because a limit of the hosts is reached: the claim is tried again after so many ms. With the verdict `crowded`
   * earlier, when a connection of this destination becomes free.
   */
  readonly postponeMs?: number
  /** Set with it if the next hop is called when a place is free. */
  readonly isCalled?: boolean
}

export interface Agent {
  /** Rejects only on an error of the program. */
  attempt(claim: Claim): Promise<AttemptResult>
}
