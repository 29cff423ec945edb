// The contract of intake: the only writer of new messages. One checked draft in, one commit, one answer.

import { readFields } from '../message/header.ts'
import { bodySize } from '../queue/contract/stored-body.ts'
import type { Mail } from '../policy/check.ts'
import type { Passed } from '../policy/run-checks.ts'
import type { NewMessage, Queue, StoredBody } from '../queue/contract/queue.ts'
import type { Resolution } from '../route/resolution.ts'
import type { MailParameters, RecipientParameters } from '../smtp/envelope.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'

export interface DraftRecipient {
  readonly forwardPath: string
  readonly parameters: RecipientParameters
  readonly resolution: Resolution
}

/** A message that has been received in full and is not accepted yet. */
export interface Draft {
  /** Null for the node's own messages (DSNs). */
  readonly session: Session | null
  readonly origin: Origin
  /** The reverse-path; null is the null sender. */
  readonly sender: string | null
  readonly parameters: MailParameters
  readonly recipients: readonly DraftRecipient[]
  readonly header: Buffer
  readonly body: StoredBody
}

/** A draft that has passed the checks of the `message` stage. */
export interface Checked {
  readonly draft: Draft
  /** The facts that the checks saw. */
  readonly mail: Mail
  readonly findings: Passed<Origin>
}

export type Acceptance =
  /** `bodyKept` false: no message uses the draft's body, so its file may be removed. */
  | { readonly kind: 'accepted'; readonly queueId: string; readonly bodyKept: boolean }
  | { readonly kind: 'refused'; readonly reply: Refusal }

export interface Intake {
  /** Edits, signs and commits. After `accepted` the node is responsible for the message. Never rejects. */
  accept(checked: Checked): Promise<Acceptance>
  /** Prepares a DSN without committing it: trace field, routing, signature. Null if it cannot be routed. */
  prepare(own: {
    readonly recipient: string
    readonly header: Buffer
    readonly body: Buffer
    readonly smtputf8: boolean
    /** Ms after which it expires; that of the queue if it is sooner. */
    readonly lifetimeMs?: number
  }): Promise<NewMessage | null>
}

/** The facts of a draft for the checks. `at`: unix milliseconds. */
export function mailOf(
  { session, origin, sender, recipients, header, body }: Draft,
  { queue, ...known }: Pick<Mail, 'queueId' | 'evidence' | 'at'> & { readonly queue: Pick<Queue, 'openBody'> },
): Mail {
  return {
    ...known,
    session,
    origin,
    sender,
    recipients: recipients.map((one) => one.forwardPath),
    resolutions: recipients.map((one) => one.resolution),
    content: {
      header,
      bodySize: bodySize(body),
      ...(body.kind === 'inline' && { octets: body.bytes }),
      openBody: () => queue.openBody(body),
    },
    fields: readFields(header),
  }
}
