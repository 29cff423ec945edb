// Delivery's own idea of an SMTP or LMTP client (RFC 5321, RFC 2033): open a connection to one target, send messages over it.
// Foreseen trouble is a value, never a throw. Nothing here knows queues, MX records or retry schedules.

import type { Readable } from 'node:stream'
import type { MailParameters, RecipientParameters } from '../smtp/envelope.ts'
import type { TlsResult } from '../smtp/tls-result.ts'
import type { ClientProfile } from './client-profile.ts'
import type { SharedLimits } from './shared-limits.ts'
import type { TlsPolicy } from './tls-policy/tls-policy.ts'

/** One place to connect to. */
export interface Target {
  readonly protocol: 'smtp' | 'lmtp'
  /** Name for reports and for the certificate; the address itself where there is no name. */
  readonly host: string
  readonly endpoint:
    | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
    | { readonly kind: 'unix'; readonly path: string }
  readonly tls: TlsPolicy
  /** TLS before the greeting (RFC 8314). */
  readonly implicitTls: boolean
  /** Did DNSSEC vouch for the way from the name to this address? */
  readonly authentic: boolean
  /** How to behave towards this place, where it is not as towards all others. */
  readonly profile?: ClientProfile
  /** Limits that it shares with others. */
  readonly shared?: SharedLimits
}

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

export type Trouble =
  /** The peer said no. */
  | { readonly kind: 'refused'; readonly phase: Phase; readonly reply: PeerReply }
  /** Connection lost, timed out or unusable; `silent` if not one octet of a reply to this transaction came. */
  | { readonly kind: 'lost'; readonly phase: Phase; readonly cause: string; readonly silent: boolean }
  /** The peer broke the protocol, so nothing it says can be relied on. */
  | { readonly kind: 'nonsense'; readonly phase: Phase; readonly cause: string }
  /** We must not send this to such a peer; class 4 of `status` means another time or host may do. */
  | {
      readonly kind: 'unfit'
      readonly scope: 'recipient' | 'message' | 'site'
      readonly status: string
      readonly text: string
    }
  /** Our own disk failed while reading the message. */
  | { readonly kind: 'unreadable'; readonly cause: string }

export type RecipientResult = { readonly kind: 'accepted'; readonly reply: PeerReply } | Trouble

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
      readonly trouble: Trouble
      /** Null if no connection was made, unless the policy is to avoid this host. */
      readonly tls: TlsResult | null
    }

export interface Transport {
  /** Connects, greets and secures. Never rejects. */
  open(target: Target): Promise<OpenResult>
}

/** `name[ip]:port`, or the path of a unix socket. */
export function describeTarget(target: Target): string {
  return target.endpoint.kind === 'unix'
    ? target.endpoint.path
    : `${target.host}[${target.endpoint.address}]:${target.endpoint.port}`
}
