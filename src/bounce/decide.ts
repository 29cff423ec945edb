// Who is told what. Never a null sender (RFC 5321 6.1), never a sender that nobody proved (backscatter), only what NOTIFY asks for
// (RFC 3461 4.1, 5.2), and nothing that the next server promised to tell itself. What no sender may hear, the operator may.

import type { NoticeRecipient, NoticeTask, StoredMessage } from '../queue/contract/queue.ts'
import type { Notify } from '../smtp/envelope.ts'
import { isOperatorReport } from './operator-mark.ts'

export type Notice = NoticeTask['notice']
export type Action = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'

export type Decision =
  | { readonly kind: 'tell'; readonly to: 'sender' | 'operator'; readonly action: Action }
  /** `reason` goes to the ledger. */
  | { readonly kind: 'silent'; readonly reason: string }

export interface DecisionSettings {
  /** Does the operator want to hear of failed mail with the null sender? */
  readonly doubleBounces: boolean
}

/** Decides for one recipient. */
export function decide(
  message: StoredMessage,
  notice: Notice,
  { recipient, settings }: { readonly recipient: NoticeRecipient; readonly settings: DecisionSettings },
): Decision {
  if (message.sender === null) return nullSender(message, notice, settings)
  if (!isProven(message)) return silent('sender not proven')
  if (!asksFor(recipient.parameters.notify, notice)) return silent(`NOTIFY=${recipient.parameters.notify.join(',')}`)
  if (notice !== 'delivered') return { kind: 'tell', to: 'sender', action: notice }
  return { kind: 'tell', to: 'sender', action: isFinal(recipient.nextHop) ? 'delivered' : 'relayed' }
}

/** A double bounce is the operator's at most; a report to the operator that fails is nobody's, or it would go on for ever. */
function nullSender(message: StoredMessage, notice: Notice, settings: DecisionSettings): Decision {
  if (notice !== 'failed' || !settings.doubleBounces) return silent('null sender')
  if (isOperatorReport(message.header)) return silent("the operator's own report")
  return { kind: 'tell', to: 'operator', action: 'failed' }
}

/** Mail of people and machines that authenticated, and our own, has a real sender; the internet has to have proven it. */
function isProven(message: StoredMessage): boolean {
  switch (message.origin.kind) {
    case 'user':
    case 'machine':
    case 'local':
      return true
    case 'peer':
      return message.senderProven && message.origin.vouched !== 'nothing'
    case 'internet':
      return message.senderProven
  }
}

/** No NOTIFY means failures and, at our choice, delays. */
function asksFor(notify: readonly Notify[], notice: Notice): boolean {
  if (notice === 'delivered' || notice === 'expanded') return notify.includes('SUCCESS')
  if (notify.length === 0) return true
  return notify.includes(notice === 'failed' ? 'FAILURE' : 'DELAY')
}

/** LMTP ends in a mailbox or a program; SMTP goes on from there, so it was only relayed (RFC 3464 2.3.3). */
function isFinal(nextHop: string): boolean {
  return nextHop.startsWith('lmtp:')
}

function silent(reason: string): Decision {
  return { kind: 'silent', reason }
}
