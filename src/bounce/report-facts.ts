// The facts of one DSN, as far as its reader may know them.

import type { ReplyClass } from '../smtp/reply-class.ts'
import type { Action, OperatorReport } from './decide.ts'

export interface ReportRecipient {
  /** The final address, or the original one of a private recipient. */
  readonly address: string
  /** `type;address` as the sender gave it in ORCPT, else the forward-path as rfc822. */
  readonly original: string
  readonly action: Action
  readonly status: string
  /** Remote host, or null. */
  readonly remoteHost: string | null
  /** `name[ip]:port` of the remote host, for the operator only. */
  readonly connection?: string | null
  /** The reply of the remote server, or a text of this node. */
  readonly reply: string
  /** The class of the reply, if a reply rule matched. */
  readonly replyClass?: ReplyClass | null
  readonly lastAttemptAt: number
  /** Unix ms; null unless delayed. */
  readonly willRetryUntil: number | null
  /** It failed because the queue lifetime ended. */
  readonly expired: boolean
  /** It failed because an operator returned it; `reply` is the reason. */
  readonly returned?: boolean
}

/** The returned message. */
export interface Returned {
  readonly header: Buffer
  /** Null: only the header is returned. */
  readonly body: Buffer | null
}

export interface ReportFacts {
  readonly hostname: string
  readonly from: string
  readonly fromName: string
  readonly to: string
  readonly at: number
  /** With angle brackets. */
  readonly messageId: string
  readonly boundary: string
  readonly queueId: string
  readonly arrivedAt: number
  readonly envid: string | null
  /** Message-ID and Subject of the message, or null. */
  readonly about: { readonly messageId: string | null; readonly subject: string | null }
  /** The message came with SMTPUTF8, so the DSN may use it. */
  readonly smtputf8: boolean
  /** At least one; all with the same notice. */
  readonly recipients: readonly ReportRecipient[]
  readonly returned: Returned
  /** Set for a report to the operator, which hides nothing; null or absent for the sender. */
  readonly operator?: { readonly kind: OperatorReport; readonly sender: string | null } | null
}
