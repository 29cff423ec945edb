// What the server asks of the program. reception/session-hooks.ts implements it; tests use scripted hooks. A hook returns expected errors
// as verdicts; the server answers an exception with 451 4.3.0 and logs a bug.

import type { Readable } from 'node:stream'
import type { Mechanism } from './listener-settings.ts'
import type { Refused, Verdict } from '../policy/verdict.ts'
import type { MailParameters, RecipientParameters } from '../smtp/envelope.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Refusal, Reply } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'

/** What a client presents with AUTH. Certificates are checked by `secured`, before any command. */
export type Credentials =
  | {
      readonly kind: 'password'
      readonly user: string
      readonly password: string
      readonly authzid: string | null
    }
  | { readonly kind: 'external'; readonly authzid: string | null }
  | ScramCredentials
  | TokenCredentials

/** OAUTHBEARER or XOAUTH2 (RFC 7628). */
export interface TokenCredentials {
  readonly kind: 'token'
  /** Null if the token alone names the user. */
  readonly user: string | null
  readonly token: string
  /** Sends what is wrong with the token; the client answers before the refusal (RFC 7628 3.2.3). */
  readonly ask: (message: string) => Promise<string | Refusal>
}

/** SCRAM (RFC 5802): the hook leads the exchange. */
export interface ScramCredentials {
  readonly kind: 'scram'
  /** The first message of the client. */
  readonly message: string
  readonly isPlus: boolean
  readonly isPlusOffered: boolean
  /** The data of the channel, tls-exporter (RFC 9266); null without any. */
  readonly channel: Buffer | null
  /** Sends a message; the answer of the client, or the reply if there is none. */
  readonly ask: (message: string) => Promise<string | Refusal>
}

export type AuthAnswer =
  | { readonly kind: 'accepted'; readonly origin: Origin }
  | { readonly kind: 'refused'; readonly reply: Refusal }
  /** The node cannot judge the credentials now: no error of the client. */
  | { readonly kind: 'unavailable'; readonly reply: Refusal }

/** What the session becomes when a client is admitted. */
export type AdmissionAnswer =
  | Refused
  | { readonly kind: 'accept'; readonly origin: Origin | null; readonly remoteName: string | null }

export type RecipientAnswer<Resolution> = Refused | { readonly kind: 'accept'; readonly resolution: Resolution }

export interface Recipient {
  readonly forwardPath: string
  readonly parameters: RecipientParameters
}

/** The server keeps the hook's resolution of a recipient and does not look at it. */
export interface AcceptedRecipient<Resolution> extends Recipient {
  readonly resolution: Resolution
}

export interface Transaction<Resolution> {
  readonly reversePath: string | null
  readonly parameters: MailParameters
  readonly recipients: readonly AcceptedRecipient<Resolution>[]
}

/** A sender or recipient that the server refused: for its syntax, its parameters, its size, or because there were too many. */
export interface RefusedByServer {
  readonly stage: 'mail' | 'rcpt'
  readonly reply: Refusal
  /** An address, or the start of one that cannot be parsed. */
  readonly sender: string | null
  readonly recipient?: string
}

export interface ServerHooks<Resolution> {
  /** A client connected. */
  connect(session: Session): Promise<AdmissionAnswer>
  /** TLS is up (implicit or STARTTLS); `session.tls` is set. */
  secured(session: Session): Promise<AdmissionAnswer>
  /** `session.helo` is set. */
  helo(session: Session): Promise<Verdict>
  authenticate(session: Session, credentials: Credentials): Promise<AuthAnswer>
  /** Whether a mechanism of the listener is offered now. Must not throw. */
  isOffered(mechanism: Mechanism): boolean
  mail(session: Session, reversePath: string | null, parameters: MailParameters): Promise<Verdict>
  /** `transaction.recipients` are those accepted before this one. */
  rcpt(
    session: Session,
    transaction: Transaction<Resolution>,
    recipient: Recipient,
  ): Promise<RecipientAnswer<Resolution>>
  /** Reads the message to its end (dot-unstuffed, lines end with CRLF) and returns the final reply; 250 only after the commit. */
  data(session: Session, transaction: Transaction<Resolution>, message: Readable): Promise<Reply>
  /** The transaction ended, by the reply to its message, RSET, EHLO, STARTTLS or the end of the session. Called once, and must not throw. `octets` of its message arrived. */
  ended(session: Session, transaction: Transaction<Resolution>, octets: number): void
  /** The reply that ends the session because its login does not hold any more, or null. Cheap; must not throw. */
  loginEnded(session: Session): Refusal | null
  /** Reports an error of the client. True if the client has many in other sessions, so that the reply is delayed. Must not throw. */
  failed(session: Session): boolean
  /** Reports a refusal of the server, for the ledger. It cannot change the reply. */
  refused(session: Session, refused: RefusedByServer): void
}
