// The contract of the SMTP and LMTP client (RFC 5321, RFC 2033): it opens a connection to one target and sends messages over it. Errors of
// the peer and the network are return values. Queues, MX records and retry schedules are not known here.

import type { Readable } from 'node:stream'
import type { MailParameters, RecipientParameters } from '../../smtp/envelope.ts'
import type { TlsResult } from '../../smtp/tls-result.ts'
import type { Target } from '../target.ts'
import type { TlsRequirement } from '../tls-policy/tls-policy.ts'

/** The step of a session. */
export type Phase =
  | 'connect'
  | 'greeting'
  | 'ehlo'
  | 'starttls'
  | 'tls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'body'
  | 'dot'

/** A reply of the peer: lines joined by `\n`, codes included. `enhanced` is empty if it has no enhanced status. */
export interface PeerReply {
  readonly code: number
  readonly enhanced: string
  readonly verbatim: string
}

export type DeliveryError =
  /** A negative reply. */
  | { readonly kind: 'refused'; readonly phase: Phase; readonly reply: PeerReply }
  /** The connection was lost or timed out. `silent`: no reply to this transaction arrived. */
  | { readonly kind: 'lost'; readonly phase: Phase; readonly cause: string; readonly silent: boolean }
  /** The peer violated the protocol, so its replies are not reliable. */
  | { readonly kind: 'protocol-error'; readonly phase: Phase; readonly cause: string }
  /** The peer does not support what the message or the policy needs. Status class 4: another host may, or this one later. */
  | {
      readonly kind: 'unsupported'
      readonly scope: 'recipient' | 'message' | 'site'
      readonly status: string
      readonly text: string
    }
  /** The message could not be read from the spool. */
  | { readonly kind: 'unreadable'; readonly cause: string }

export type RecipientResult = { readonly kind: 'accepted'; readonly reply: PeerReply } | DeliveryError

export interface TransportRecipient {
  readonly address: string
  readonly parameters: RecipientParameters
}

export interface TransportEnvelope {
  readonly reversePath: string | null
  readonly parameters: MailParameters
  readonly recipients: readonly TransportRecipient[]
}

/** A message to send. All line ends are CRLF: intake ensures it. */
export interface TransportContent {
  readonly header: Buffer
  /** The whole body if it is small; null if `open` streams it. */
  readonly inline: Buffer | null
  readonly bodySize: number
  open(): Readable
}

export interface TransportConnection {
  readonly target: Target
  /** What its TLS was required to reach. */
  readonly requirement: TlsRequirement
  /** `name[ip]:port`. */
  readonly peer: string
  /** Our address. */
  readonly localAddress: string | null
  /** The name by which the peer greets; null if it gives none. */
  readonly peerName: string | null
  readonly tls: TlsResult
  /** The peer supports DSN (RFC 3461) and takes over the reports. */
  readonly offersDsn: boolean
  /** False once the connection may not carry another message. */
  readonly usable: boolean
  /**
   * Runs one mail transaction. Results in the order of the recipients. Never rejects.
   * @param until monotonic ms by which the data must begin; no limit if it is not given. Data and the reply to it have other limits.
   */
  send(envelope: TransportEnvelope, content: TransportContent, until?: number): Promise<readonly RecipientResult[]>
  /** Sends QUIT and closes without a wait for the reply. */
  quit(): void
  /** Closes at once. */
  close(): void
}

export type OpenResult =
  | { readonly kind: 'open'; readonly connection: TransportConnection }
  | {
      readonly kind: 'closed'
      readonly peer: string
      /** A connection was made. */
      readonly reached: boolean
      readonly error: DeliveryError
      /** Our address; null if no connection was made. */
      readonly localAddress: string | null
      /** The name by which the peer greeted; null if it gave none. */
      readonly peerName: string | null
      /** Null if no connection was made, unless the policy is to avoid this host. */
      readonly tls: TlsResult | null
    }

export interface Transport {
  /**
   * Connects, secures and greets. Never rejects.
   * @param until monotonic ms by which it must be done; no limit if it is not given
   */
  open(target: Target, requirement: TlsRequirement, until?: number): Promise<OpenResult>
}
