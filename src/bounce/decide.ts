// Decides which notice a recipient's sender or operator gets. A null sender never gets one (RFC 5321 section 6.1), nor does an unproven
// sender (backscatter). NOTIFY decides the rest (RFC 3461 sections 4.1 and 5.2). Double bounces go to the operator, if configured.

import { fieldsNamed, readFields } from '../message/header.ts'
import type { NoticeRecipient, NoticeTask, StoredMessage } from '../queue/contract/queue.ts'
import type { Notify } from '../smtp/envelope.ts'

export type Notice = NoticeTask['notice']
/** Of RFC 3464 section 2.3.3. */
export type Action = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'

/** What the operator gets: a copy of a DSN to a sender, or a report about a message with the null sender. */
export type OperatorReport = 'copy' | 'double-bounce'

/**
 * Marks reports to the operator. A report that fails must not cause a report about itself, without end. A sender who forges the field
 * only saves the operator a report.
 */
export const OPERATOR_MARK = 'X-Waypost-Report'

export type Decision =
  | { readonly kind: 'notify'; readonly to: 'sender' | 'operator'; readonly action: Action }
  /** `reason` goes to the ledger. */
  | { readonly kind: 'skip'; readonly reason: string }

export interface DecisionSettings {
  /** The operator gets reports about failed messages with the null sender. */
  readonly doubleBounces: boolean
}

/** Decides for one recipient. */
export function decide(
  message: StoredMessage,
  notice: Notice,
  { recipient, settings }: { readonly recipient: NoticeRecipient; readonly settings: DecisionSettings },
): Decision {
  if (message.sender === null) return decideForOperator(message, notice, settings)
  if (!isProven(message)) return skip('sender not proven')
  if (!asksFor(recipient.parameters.notify, notice)) return skip(`NOTIFY=${recipient.parameters.notify.join(',')}`)
  if (notice !== 'delivered') return { kind: 'notify', to: 'sender', action: notice }
  return { kind: 'notify', to: 'sender', action: isFinal(recipient.nextHop) ? 'delivered' : 'relayed' }
}

function decideForOperator(message: StoredMessage, notice: Notice, settings: DecisionSettings): Decision {
  if (notice !== 'failed' || !settings.doubleBounces) return skip('null sender')
  if (isOperatorReport(message.header)) return skip('operator report')
  return { kind: 'notify', to: 'operator', action: 'failed' }
}

function isOperatorReport(header: Buffer): boolean {
  return fieldsNamed(readFields(header), OPERATOR_MARK.toLowerCase()).length > 0
}

/** The senders of authenticated and local messages are real. Other messages must have proven theirs. */
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

/** Without NOTIFY the sender gets failures and, if configured, delays. */
function asksFor(notify: readonly Notify[], notice: Notice): boolean {
  if (notice === 'delivered' || notice === 'expanded') return notify.includes('SUCCESS')
  if (notify.length === 0) return true
  return notify.includes(notice === 'failed' ? 'FAILURE' : 'DELAY')
}

/** LMTP delivers to a mailbox or a program. SMTP only relays (RFC 3464 section 2.3.3). */
function isFinal(nextHop: string): boolean {
  return nextHop.startsWith('lmtp:')
}

function skip(reason: string): Decision {
  return { kind: 'skip', reason }
}
