// Intake's contract: the only writer of new mail. One draft in, one commit, one answer.

import type { Origin } from '../smtp/origin.ts'
import type { MailParameters, RecipientParameters } from '../smtp/envelope.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import type { NewMessage, StoredBody } from '../queue/contract/queue.ts'
import type { Resolution } from '../route/resolution.ts'

export interface DraftRecipient {
  readonly forwardPath: string
  readonly parameters: RecipientParameters
  readonly resolution: Resolution
}

/** A mail that is wholly here but not yet ours. */
export interface Draft {
  /** Null for the node's own mail (DSNs). */
  readonly session: Session | null
  readonly origin: Origin
  readonly sender: string | null
  readonly parameters: MailParameters
  readonly recipients: readonly DraftRecipient[]
  readonly header: Buffer
  readonly body: StoredBody
}

export type Acceptance =
  /** `bodyKept` false: no message came to own the draft's body, so its file may go. */
  | { readonly kind: 'accepted'; readonly queueId: string; readonly bodyKept: boolean }
  | { readonly kind: 'refused'; readonly reply: Refusal }

export interface Intake {
  /** Checks, edits, signs and commits; after `accepted` the mail is ours. */
  accept(draft: Draft): Promise<Acceptance>
  /** Makes a message of our own (a DSN) without committing it: trace header, routing, signature. Null if it cannot be routed. */
  prepare(own: {
    readonly recipient: string
    readonly header: Buffer
    readonly body: Buffer
    readonly smtputf8: boolean
  }): Promise<NewMessage | null>
}
