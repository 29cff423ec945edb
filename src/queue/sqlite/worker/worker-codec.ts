// Encodes and decodes messages, claims, notices and outcomes between the contract and the plain data that crosses the threads.

import type { Event } from '../../../observe/events.ts'
import { bodySize, contentSize } from '../../contract/stored-body.ts'
import { type MailParameters, plainMail } from '../../../smtp/envelope.ts'
import type { ReplyClass } from '../../../smtp/reply-class.ts'
import type { Origin } from '../../../smtp/origin.ts'
import type { TlsResult } from '../../../smtp/tls-result.ts'
import { notices, notifyBits, notifyOf, type NoticeKind } from '../../contract/notify-bits.ts'
import type {
  WireClaim,
  WireEvents,
  WireMessage,
  WireNotice,
  WireOutcome,
  WireRecipient,
  WireStored,
  WireTls,
} from './worker-protocol.ts'
import type {
  Claim,
  NewMessage,
  NewRecipient,
  NoticeTask,
  Settlement,
  StoredBody,
  StoredMessage,
} from '../../contract/queue.ts'

/** `start`: position of the message's content in the batch's octets. */
export function encodeMessage(message: NewMessage, start: number): WireMessage {
  const { body, header } = message
  return [
    message.queueId,
    message.arrivedAt,
    JSON.stringify(message.origin),
    message.sender,
    encodeParameters(message.parameters),
    message.senderProven ? 1 : 0,
    body.kind === 'spool' ? body.file : null,
    header.length,
    bodySize(body),
    start,
    start + contentSize(message),
    message.recipients.map(encodeRecipient),
    JSON.stringify(message.events),
    message.lifetimeMs ?? null,
  ]
}

function encodeRecipient(recipient: NewRecipient): WireRecipient {
  const { address, original, reversePath, nextHop, parameters } = recipient
  const wire = [
    address,
    original === address ? null : original,
    reversePath,
    nextHop,
    recipient.private ? 1 : 0,
    notifyBits(parameters.notify),
    parameters.orcpt,
  ] as const
  return recipient.expanded ? [...wire, 1] : wire
}

function encodeParameters(parameters: MailParameters): string | null {
  const { size, body, smtputf8, requireTls, ret, envid } = parameters
  const plain = size === null && body === '7BIT' && !smtputf8 && !requireTls && ret === null && envid === null
  return plain ? null : JSON.stringify(parameters)
}

/** A stored message; its buffers are views of `octets`. */
export function decodeMessage(wire: WireStored, octets: Uint8Array): StoredMessage {
  const content = Buffer.from(octets.buffer, octets.byteOffset + wire.contentStart, wire.contentEnd - wire.contentStart)
  const header = content.subarray(0, wire.headerSize)
  const body: StoredBody =
    wire.spoolFile === null
      ? { kind: 'inline', bytes: content.subarray(wire.headerSize) }
      : { kind: 'spool', file: wire.spoolFile, size: wire.bodySize }
  return {
    queueId: wire.queueId,
    arrivedAt: wire.arrivedAt,
    origin: JSON.parse(wire.origin) as Origin,
    sender: wire.sender,
    parameters: wire.parameters === null ? plainMail : (JSON.parse(wire.parameters) as MailParameters),
    header,
    body,
    senderProven: wire.senderProven === 1,
  }
}

function encodeTls(tls: TlsResult | null): WireTls | null {
  return tls && [tls.level, tls.policy, tls.protocol, tls.failure]
}

export function decodeTls(wire: WireTls | null): TlsResult | null {
  if (wire === null) return null
  const [level, policy, protocol, failure] = wire
  return {
    level,
    policy,
    ...(protocol === undefined ? {} : { protocol }),
    ...(failure === undefined ? {} : { failure }),
  }
}

export function decodeClaim(wire: WireClaim, nextHop: string, octets: Uint8Array): Claim {
  const { reversePath } = wire
  return {
    message: decodeMessage(wire.message, octets),
    nextHop,
    reversePath,
    recipients: wire.recipients.map((one) => ({
      recipientId: one.id,
      attempt: one.attempt,
      address: one.address,
      original: one.original ?? one.address,
      reversePath,
      nextHop,
      private: one.private === 1,
      parameters: { notify: notifyOf(one.notify), orcpt: one.orcpt },
    })),
  }
}

export function decodeNotice(wire: WireNotice, octets: Uint8Array): NoticeTask {
  return {
    message: decodeMessage(wire.message, octets),
    notice: notices[wire.notice] as NoticeKind,
    recipients: wire.recipients.map((one) => ({
      recipientId: one.id,
      address: one.address,
      original: one.original ?? one.address,
      reversePath: one.reversePath,
      nextHop: one.nextHop,
      private: one.private === 1,
      parameters: { notify: notifyOf(one.notify), orcpt: one.orcpt },
      status: one.status,
      reply: one.reply,
      host: one.host,
      replyClass: one.replyClass as ReplyClass | null,
      lastAttemptAt: one.lastAt,
      expiresAt: wire.message.expiresAt,
      expired: one.expired,
    })),
  }
}

/** Ledger entries by queue id, in their order. Events without one (refusals) stay single rows so that each is found by its own terms. */
export function encodeEvents(events: readonly Event[]): WireEvents[] {
  const byId = new Map<string, Event[]>()
  const rows: WireEvents[] = []
  for (const event of events) {
    if (event.queueId === null) {
      rows.push({ at: event.at, queueId: null, events: JSON.stringify([event]) })
      continue
    }
    const known = byId.get(event.queueId)
    if (known) known.push(event)
    else byId.set(event.queueId, [event])
  }
  for (const [queueId, own] of byId) rows.push({ at: own[0]?.at ?? 0, queueId, events: JSON.stringify(own) })
  return rows
}

/** One recipient's outcome of an attempt. */
export function encodeOutcome({ recipientId, outcome }: Settlement['outcomes'][number]): WireOutcome {
  const { kind, status, reply, host, tls } = outcome
  const scope = kind === 'delivered' ? null : outcome.scope
  const dsnPassedOn = kind === 'delivered' && outcome.dsnPassedOn
  const retryAt = kind === 'deferred' ? outcome.retryAt : null
  const wire = [recipientId, kind, scope, status, reply, host, encodeTls(tls), dsnPassedOn, retryAt] as const
  if (kind === 'delivered' || outcome.replyClass === undefined) return wire
  return [...wire, outcome.replyClass, outcome.advice]
}
