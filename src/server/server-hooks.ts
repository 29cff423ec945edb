// What the server asks; it decides nothing itself. One object implements this (src/assembly), tests give a scripted one.
// No hook may throw for a foreseen reason; a throw is answered with 451 4.3.0 and logged as a bug.

import type { Readable } from 'node:stream'
import type { Verdict } from '../policy/verdict.ts'
import type { MailParameters, RecipientParameters } from '../smtp/envelope.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Refusal, Reply } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'

/** What a client presented. A certificate is judged when TLS is up, before any command. */
export type Credentials =
  | {
      readonly kind: 'password'
      readonly mechanism: string
      readonly user: string
      readonly password: string
      readonly authzid: string | null
    }
  | { readonly kind: 'external'; readonly authzid: string | null }

export type AuthAnswer =
  | { readonly kind: 'accepted'; readonly origin: Origin }
  | { readonly kind: 'refused'; readonly reply: Refusal }

/** A recipient as accepted at RCPT; `resolution` is opaque to the server and comes back in the transaction. */
export interface AcceptedRecipient {
  readonly forwardPath: string
  readonly parameters: RecipientParameters
  readonly resolution: unknown
}

export interface Transaction {
  readonly reversePath: string | null
  readonly parameters: MailParameters
  readonly recipients: readonly AcceptedRecipient[]
}

/** A sender or recipient that the server itself refused: for its form, its parameters, its size or because there were too many. */
export interface RefusedByServer {
  readonly stage: 'mail' | 'rcpt'
  readonly reply: Refusal
  /** An address, or as much as was written of one that cannot be read. */
  readonly sender: string | null
  readonly recipient?: string
}

export interface ServerHooks {
  /**
   * A client connected; may answer an origin class at once (address-listed peers), and the forward-confirmed name of the
   * client, which becomes `session.remoteName`.
   */
  connect(session: Session): Promise<Verdict & { readonly origin?: Origin; readonly remoteName?: string | null }>
  /** TLS is up (implicit or STARTTLS); `session.tls` is set. May answer an origin class (certificates). */
  secured(session: Session): Promise<Verdict & { readonly origin?: Origin }>
  helo(session: Session): Promise<Verdict>
  authenticate(session: Session, credentials: Credentials): Promise<AuthAnswer>
  mail(session: Session, reversePath: string | null, parameters: MailParameters): Promise<Verdict>
  /** `transaction.recipients` holds those accepted before this one. */
  rcpt(
    session: Session,
    transaction: Transaction,
    recipient: { readonly forwardPath: string; readonly parameters: RecipientParameters },
  ): Promise<Verdict & { readonly resolution?: unknown }>
  /** Reads the whole message (dot-unstuffed, CRLF) and answers the final reply; 250 only after the commit. */
  data(session: Session, transaction: Transaction, message: Readable): Promise<Reply>
  /** Told so that the ledger answers for these too; it decides nothing. */
  refused(session: Session, refused: RefusedByServer): void
  closed(session: Session): void
}
