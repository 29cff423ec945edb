// The facts of one report, as far as its reader may know them.

import type { ReplyClass } from '../smtp/reply-class.ts'
import type { OperatorReport } from './operator-mark.ts'
import type { Action } from './decide.ts'

export interface ReportRecipient {
  /** The address to name: the final one, or the original one of a private recipient. */
  readonly address: string
  /** `type;address` as the sender gave it in ORCPT, else the forward-path as rfc822. */
  readonly original: string
  readonly action: Action
  readonly status: string
  /** Remote host, or null. */
  readonly remoteHost: string | null
  /** `name[ip]:port` of the remote host, for the operator only. */
  readonly connection?: string | null
  /** What was said, by the remote server or by us. */
  readonly reply: string
  /** What the refusal is about, where a rule knew it. */
  readonly replyClass?: ReplyClass | null
  readonly lastAttemptAt: number
  /** Unix ms; null unless delayed. */
  readonly willRetryUntil: number | null
  /** Failed because time ran out. */
  readonly expired: boolean
}

/** What comes back with the report. */
export interface Returned {
  readonly header: Buffer
  /** Null: headers only. */
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
  /** Message-ID and Subject of the mail it is about, or null. */
  readonly about: { readonly messageId: string | null; readonly subject: string | null }
  /** May the report itself be UTF-8? (the mail came with SMTPUTF8) */
  readonly smtputf8: boolean
  /** At least one; all of one kind of notice. */
  readonly recipients: readonly ReportRecipient[]
  readonly returned: Returned
  /** For the operator, who may know everything; null or absent for the sender. */
  readonly operator?: { readonly kind: OperatorReport; readonly sender: string | null } | null
}
