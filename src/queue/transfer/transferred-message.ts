// Converts a message that moves between queues from the contract to rows of the store and back.

import type { Event } from '../../observe/events.ts'
import { bodySize, contentSize } from '../contract/stored-body.ts'
import { plainMail } from '../../smtp/envelope.ts'
import type { MailParameters } from '../../smtp/envelope.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { TransferredMessage, TransferredRecipient } from '../contract/queue-transfer.ts'
import type { WireTransfer } from './transfer-step.ts'
import { notices, noticeNumber, notifyBits, notifyOf, type NoticeKind } from '../contract/notify-bits.ts'
import type { StoredBody } from '../contract/queue.ts'
import { stateNumber, stateOf } from '../contract/states.ts'
import type { TransferRow } from '../sqlite/store/statements/transfer-rows.ts'
import type { LedgerRow } from '../sqlite/store/statements/ledger-rows.ts'
import type { StoredRow } from '../sqlite/store/statements/message-rows.ts'

/** `start`: position of the content (header, then an inline body) in the batch's octets. */
export function encodeTransfer(message: TransferredMessage, start: number): WireTransfer {
  const { body, header } = message
  return {
    queueId: message.queueId,
    arrivedAt: message.arrivedAt,
    expiresAt: message.expiresAt,
    origin: JSON.stringify(message.origin),
    sender: message.sender,
    parameters: JSON.stringify(message.parameters),
    senderProven: message.senderProven ? 1 : 0,
    spoolFile: body.kind === 'spool' ? body.file : null,
    headerSize: header.length,
    bodySize: bodySize(body),
    contentStart: start,
    contentEnd: start + contentSize(message),
    recipients: message.recipients.map(encodeRecipient),
    history: message.history.map(({ at, events }) => ({ at, events: JSON.stringify(events) })),
  }
}

function encodeRecipient(recipient: TransferredRecipient): TransferRow {
  const { address, original, parameters, last } = recipient
  return {
    state: stateNumber[recipient.state],
    notice: recipient.noticeDue === null ? noticeNumber.none : noticeNumber[recipient.noticeDue],
    nextHop: recipient.nextHop,
    nextAttemptAt: recipient.nextAttemptAt,
    attempt: recipient.attempts,
    notify: notifyBits(parameters.notify),
    private: recipient.private ? 1 : 0,
    address,
    original: original === address ? null : original,
    reversePath: recipient.reversePath,
    orcpt: parameters.orcpt,
    delayNotified: recipient.delayNotified ? 1 : 0,
    lastAt: last?.at ?? null,
    lastStatus: last?.status ?? null,
    lastReply: last?.reply ?? null,
    lastHost: last?.host ?? null,
    lastClass: last?.replyClass ?? null,
  }
}

export interface TransferParts {
  readonly message: StoredRow
  readonly recipients: readonly TransferRow[]
  readonly history: readonly LedgerRow[]
  /** The node of events that name none. */
  readonly node: string
}

export function decodeTransfer({ message, recipients, history, node }: TransferParts): TransferredMessage {
  const header = message.content.subarray(0, message.headerSize)
  const body: StoredBody =
    message.spoolFile === null
      ? { kind: 'inline', bytes: message.content.subarray(message.headerSize) }
      : { kind: 'spool', file: message.spoolFile, size: message.bodySize }
  return {
    queueId: message.queueId,
    arrivedAt: message.arrivedAt,
    expiresAt: message.expiresAt,
    origin: JSON.parse(message.origin) as Origin,
    sender: message.sender,
    parameters: message.parameters === null ? plainMail : (JSON.parse(message.parameters) as MailParameters),
    senderProven: message.senderProven === 1,
    header,
    body,
    recipients: recipients.map(decodeRecipient),
    history: history.map(({ at, events }) => ({
      at,
      events: (JSON.parse(events) as Event[]).map((event) => ({ node, ...event })),
    })),
  }
}

function decodeRecipient(row: TransferRow): TransferredRecipient {
  return {
    address: row.address,
    original: row.original ?? row.address,
    reversePath: row.reversePath,
    nextHop: row.nextHop,
    private: row.private === 1,
    parameters: { notify: notifyOf(row.notify), orcpt: row.orcpt },
    state: stateOf(row.state) as TransferredRecipient['state'],
    attempts: row.attempt,
    nextAttemptAt: row.nextAttemptAt,
    noticeDue: row.notice === 0 ? null : (notices[row.notice] as NoticeKind),
    delayNotified: row.delayNotified === 1,
    last:
      row.lastAt === null
        ? null
        : {
            at: row.lastAt,
            status: row.lastStatus ?? '',
            reply: row.lastReply ?? '',
            host: row.lastHost,
            replyClass: row.lastClass,
          },
  }
}
