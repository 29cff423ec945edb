// From what became of recipients to the reports about it: one for the sender, with what he may know, and what the operator asked for, with
// everything. Each is a message ready to be committed; nothing is committed here.

import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Intake } from '../intake/intake.ts'
import { fieldsNamed, readFields } from '../message/header.ts'
import { makeMessageId, readMessageId } from '../message/message-id.ts'
import type { NewMessage, NoticeRecipient, NoticeTask, Queue } from '../queue/contract/queue.ts'
import type { BounceSettings } from './bounce-settings.ts'
import type { Action, Decision } from './decide.ts'
import type { OperatorReport } from './operator-mark.ts'
import { disclose, discloseHeader } from './redact.ts'
import { type Report, writeReport } from './report.ts'
import type { ReportRecipient } from './report-facts.ts'
import { returnedPart } from './returned.ts'

export interface ComposePorts {
  readonly queue: Pick<Queue, 'openBody'>
  readonly intake: Pick<Intake, 'prepare'>
  readonly clock: Clock
  readonly random: Random
}

/** Null where nobody is to be told, or routing has no place for it. */
export interface Reports {
  readonly toSender: NewMessage | null
  readonly copy: NewMessage | null
  readonly doubleBounce: NewMessage | null
}

export type Decisions = ReadonlyMap<NoticeRecipient, Decision>

/** Rejects when routing is unavailable. */
export async function composeReports(
  settings: BounceSettings,
  ports: ComposePorts,
  about: { readonly task: NoticeTask; readonly decisions: Decisions },
): Promise<Reports> {
  const { task, decisions } = about
  const { copyTo = null, doubleBouncesTo = null } = settings
  const told = toldTo('sender', decisions)
  const failures = told.filter(({ action }) => action === 'failed')
  const compose = (to: string | null, those: readonly Told[], operator: OperatorReport | null) =>
    to === null || those.length === 0 ? null : composeOne(settings, ports, { task, to, those, operator })
  return {
    toSender: await compose(task.message.sender, told, null),
    copy: await compose(copyTo, failures, 'copy'),
    doubleBounce: await compose(doubleBouncesTo, toldTo('operator', decisions), 'double-bounce'),
  }
}

interface Told {
  readonly recipient: NoticeRecipient
  readonly action: Action
}

function toldTo(whom: 'sender' | 'operator', decisions: Decisions): Told[] {
  return [...decisions].flatMap(([recipient, decision]) =>
    decision.kind === 'tell' && decision.to === whom ? [{ recipient, action: decision.action }] : [],
  )
}

interface Composition {
  readonly task: NoticeTask
  readonly to: string
  readonly those: readonly Told[]
  readonly operator: OperatorReport | null
}

async function composeOne(
  settings: BounceSettings,
  ports: ComposePorts,
  composition: Composition,
): Promise<NewMessage | null> {
  const report = await reportOf(settings, ports, composition)
  return ports.intake.prepare({ recipient: composition.to, ...report })
}

async function reportOf(settings: BounceSettings, ports: ComposePorts, composition: Composition): Promise<Report> {
  const { clock, queue, random } = ports
  const { hostname, from, fromName, sizeLimit } = settings
  const { task, to, those, operator } = composition
  const { message, notice } = task
  const unique = random(12).toString('hex')
  const fields = readFields(message.header)
  const shown = operator ? message.header : discloseHeader(message.header, task.recipients)
  return writeReport({
    hostname,
    from,
    fromName,
    to,
    recipients: those.map((one) => (operator ? forOperator(one) : forSender(one, task.recipients))),
    operator: operator && { kind: operator, sender: message.sender },
    at: clock.now(),
    messageId: makeMessageId(`${message.queueId}.${unique}`, hostname),
    boundary: `=_${message.queueId}.${unique}`,
    queueId: message.queueId,
    arrivedAt: message.arrivedAt,
    envid: message.parameters.envid,
    about: { messageId: readMessageId(fields), subject: fieldsNamed(fields, 'subject')[0]?.value ?? null },
    smtputf8: message.parameters.smtputf8,
    returned: await returnedPart({ ...message, header: shown }, notice, {
      openBody: (body) => queue.openBody(body),
      sizeLimit,
    }),
  })
}

function forSender({ recipient, action }: Told, together: readonly NoticeRecipient[]): ReportRecipient {
  const { address, host, reply } = disclose(recipient, together)
  return { ...facts({ recipient, action }), address, remoteHost: host, reply }
}

/** Nothing hidden, and what only the operator has a use for. */
function forOperator(told: Told): ReportRecipient {
  const { address, host, reply } = told.recipient
  const remoteHost = disclose({ ...told.recipient, private: false }).host
  return { ...facts(told), address, remoteHost, reply, connection: host }
}

function facts({ recipient, action }: Told): Omit<ReportRecipient, 'address' | 'remoteHost' | 'reply'> {
  const { status, lastAttemptAt, expiresAt, expired, original, parameters, replyClass = null } = recipient
  return {
    original: parameters.orcpt ?? `rfc822;${original}`,
    action,
    status,
    replyClass,
    lastAttemptAt,
    willRetryUntil: action === 'delayed' ? expiresAt : null,
    expired,
  }
}
