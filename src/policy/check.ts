// The contract of a check. A check implements the stages that it needs; run-checks.ts calls it and merges what it finds.

import type { Authentication } from '../filter/authentication.ts'
import type { SpamAction } from '../filter/spam-scan.ts'
import type { Content } from '../message/content.ts'
import type { Field } from '../message/header.ts'
import type { Event } from '../observe/events.ts'
import type { Resolution } from '../route/resolution.ts'
import type { MailParameters, RecipientParameters } from '../smtp/envelope.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import type { Evidence } from './evidence.ts'
import type { Trust } from './trust.ts'
import type { Verdict } from './verdict.ts'

/**
 * Facts of a session. `session` is the same object from `connect` to the end of the session, so a check may keep state for it in a WeakMap.
 * `origin` is what earlier checks found, null until the client has an origin class.
 */
export interface SessionFacts {
  readonly session: Session
  readonly origin: Origin | null
}

export interface SenderFacts extends SessionFacts {
  /** The reverse-path; null is the null sender. */
  readonly sender: string | null
  readonly parameters: MailParameters
}

/** The transaction of a recipient: the same object for all of its recipients. */
export interface TransactionFacts {
  /** The recipients accepted so far. */
  readonly recipients: readonly { readonly forwardPath: string; readonly resolution: Resolution }[]
  /** True once it has ended: nothing is held for it any more. */
  readonly isOver?: boolean
}

/** What a transaction was. */
export interface TransactionEnd {
  readonly session: Session
  /** Octets of its message that arrived, whether it was accepted or not. */
  readonly octets: number
}

export interface RecipientFacts {
  readonly session: Session
  readonly transaction: TransactionFacts
  readonly origin: Origin
  readonly sender: string | null
  readonly forwardPath: string
  readonly parameters: RecipientParameters
  /** The message may only pass verified TLS to servers that keep this demand (REQUIRETLS, RFC 8689). */
  readonly requireTls?: boolean
  /** What was noticed before, also by the checks before this one. */
  readonly evidence: readonly Evidence[]
  /** What the allow list of the operator says about this recipient; absent if no entry matches. */
  readonly trust?: Trust
  /** Where the recipient leads; null before the check that finds it. */
  readonly resolution: Resolution | null
  /** Unix milliseconds. */
  readonly at: number
}

/** A message that has been received in full, before any edit. */
export interface Mail {
  readonly queueId: string
  readonly session: Session | null
  readonly origin: Origin
  readonly sender: string | null
  /** The forward-paths as given. */
  readonly recipients: readonly string[]
  /** Where the recipients lead. */
  readonly resolutions: readonly Resolution[]
  readonly content: Content
  readonly fields: readonly Field[]
  /** What was noticed about the session and the transaction, also by the checks before this one. */
  readonly evidence: readonly Evidence[]
  /** As of a recipient, if it is so for every recipient of the message. */
  readonly trust?: Trust
  /** A refusal that applies unless the message proves to be allowed: `trust` is `pending`. */
  readonly unlessAllowed?: Refusal
  /** The results of SPF, DKIM and DMARC; absent if no check before this one verified the message. */
  readonly authentication?: Authentication
  /** What the spam filter said; absent without one, before it, and if it did not answer. */
  readonly judged?: SpamJudgement
  /** Unix milliseconds of the end of data. */
  readonly at: number
}

export interface SpamJudgement {
  readonly action: SpamAction
  readonly score: number
}

/**
 * The stages and their facts. A session passes `connect` once. It passes `secured` when TLS is up (implicit TLS: directly after
 * `connect`); from then on `session.tls` has the client certificate. AUTH is no stage: a login changes the origin that `mail` sees.
 */
export interface StageFacts {
  /** A client connected; nothing but its address is known. */
  connect: SessionFacts
  secured: SessionFacts
  /** EHLO or HELO; `session.helo` is the new name. */
  helo: SessionFacts
  mail: SenderFacts
  rcpt: RecipientFacts
  /** End of data, before the reply. */
  message: Mail
}

export type Stage = keyof StageFacts

/** What a check does at each stage that it needs. It returns expected errors as verdicts; an exception is a bug. */
export type StageHandlers = {
  readonly [S in Stage]?: (facts: StageFacts[S]) => Finding | Promise<Finding>
}

export interface Check extends StageHandlers {
  /** As the role file and the log name it. */
  readonly name: string
  /** Limit of each of its stages. Without one the stage's own limit applies (run-checks.ts), which defers. */
  readonly deadline?: Deadline
  /** Calls once when a transaction has ended, for checks that hold something for it, or count what it used. */
  readonly ended?: (transaction: TransactionFacts, end: TransactionEnd) => void
  /** Calls for each negative reply that counts as an error of the client. True if the client has so many that this one is delayed. */
  readonly failed?: (session: Session) => boolean
  /** Calls for each refusal of any check at that stage, for checks that count refusals. */
  readonly refused?: { readonly [S in Stage]?: (facts: StageFacts[S], reply: Refusal) => void }
}

export interface Deadline {
  readonly ms: number
  /**
   * What an expired check means. `defer` refuses with 451 4.3.0. `pass` counts as no finding; it is only for a check whose answer
   * is advice. A check whose refusal protects the node or others defers.
   */
  readonly expired: 'defer' | 'pass'
}

/** What one check found at one stage. Members that do not belong to the stage have no effect. */
export interface Finding {
  readonly verdict: Verdict
  /** The new origin class: proven by an address, a certificate, or what a peer vouches for. */
  readonly origin?: Origin
  /** `connect`, `secured`: the forward-confirmed name of the client. */
  readonly remoteName?: string | null
  /** `rcpt`: where the recipient leads. */
  readonly resolution?: Resolution
  /** `message`: true if the reverse-path is proven, so that a DSN may be sent to it. */
  readonly senderProven?: boolean
  /**
   * `message`: value of an Authentication-Results field to add. Existing fields with our authserv-id are then removed. The values of
   * several checks become one field.
   */
  readonly results?: string
  /** `message`: other fields to remove and to add. */
  readonly fields?: FieldEdit
  /** `message`: what the spam filter said, for the checks after this one. */
  readonly judged?: SpamJudgement
  /** `message`: why the message is held for a decision after its acceptance. */
  readonly quarantine?: string
  /** What speaks for or against the message, for its score. */
  readonly evidence?: readonly Evidence[]
  /** `rcpt`, `message`: for the checks after this one, and `explain`. */
  readonly trust?: Trust
  /** `message`: the first one is kept for the proof of `trust`. */
  readonly unlessAllowed?: Refusal
  /** `message`: for the checks after this one. */
  readonly authentication?: Authentication
  /** `message`: ledger events, stored with the message. */
  readonly events?: readonly Event[]
}

/** Whole fields to remove, and whole fields to add. */
export interface FieldEdit {
  /** Names in lower case. */
  readonly remove: readonly string[]
  /** Below our trace fields, above the signature, which does not cover them. */
  readonly add: Buffer
  /** On top of the message itself, where it is signed. */
  readonly insert?: Buffer
}
