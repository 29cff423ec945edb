// Delivery's own idea of an SMTP or LMTP client (RFC 5321, RFC 2033): open a connection to one target, send messages over it.
// Foreseen trouble is a value, never a throw. Nothing here knows queues, MX records or retry schedules.

import type { Readable } from 'node:stream'
import type { MailParameters, RecipientParameters } from '../../smtp/envelope.ts'
import type { TlsResult } from '../../smtp/tls-result.ts'
import type { Target } from '../target.ts'

/** Where in a session something happened. */
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

/** A reply as the peer gave it: lines joined by `\n`, codes included. `enhanced` is empty where it gave none. */
export interface PeerReply {
  readonly code: number
  readonly enhanced: string
  readonly verbatim: string
}

export type DeliveryError =
  /** The peer said no. */
  | { readonly kind: 'refused'; readonly phase: Phase; readonly reply: PeerReply }
  /** Connection lost, timed out or unusable; `silent` if not one octet of a reply to this transaction came. */
  | { readonly kind: 'lost'; readonly phase: Phase; readonly cause: string; readonly silent: boolean }
  /** The peer broke the protocol, so nothing it says can be relied on. */
  | { readonly kind: 'protocol-error'; readonly phase: Phase; readonly cause: string }
  /** We must not send this to such a peer; class 4 of `status` means another time or host may do. */
  | {
      readonly kind: 'unsupported'
      readonly scope: 'recipient' | 'message' | 'site'
      readonly status: string
      readonly text: string
    }
  /** Our own disk failed while reading the message. */
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

/** A mail to send: CRLF line ends throughout (intake sees to that). */
export interface TransportContent {
  readonly header: Buffer
  /** The whole body if it is small, else null and `open` streams it. */
  readonly inline: Buffer | null
  readonly bodySize: number
  open(): Readable
}

export interface TransportConnection {
  readonly target: Target
  /** `name[ip]:port`. */
  readonly peer: string
  readonly tls: TlsResult
  /** The peer takes on the duties of RFC 3461. */
  readonly offersDsn: boolean
  /** False once the connection may not carry another message. */
  readonly usable: boolean
  /** One mail transaction. Results in the order of the recipients; never rejects. */
  send(envelope: TransportEnvelope, content: TransportContent): Promise<readonly RecipientResult[]>
  /** Says QUIT and closes without waiting for the answer. */
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
      readonly trouble: DeliveryError
      /** Null if no connection was made, unless the policy is to avoid this host. */
      readonly tls: TlsResult | null
    }

export interface Transport {
  /** Connects, greets and secures. Never rejects. */
  open(target: Target): Promise<OpenResult>
}
