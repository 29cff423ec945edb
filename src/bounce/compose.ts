// Composes the reports of one notice task: a DSN to the sender, without private details, and the reports that the operator configured, with
// all details. Each is a message ready to commit; nothing is committed here.

import { BOUNCED_STATUS } from '../queue/contract/queue-control.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Intake } from '../intake/intake.ts'
import { type Field, fieldsNamed, readFields } from '../message/header.ts'
import { makeMessageId, readMessageId } from '../message/message-id.ts'
import type { NewMessage, NoticeRecipient, NoticeTask, Queue, StoredMessage } from '../queue/contract/queue.ts'
import type { BounceSettings } from './bounce-settings.ts'
import type { Action, Decision, OperatorReport } from './decide.ts'
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

/** Null if no report is due, or if routing has no route for it. */
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
  { task, decisions }: { readonly task: NoticeTask; readonly decisions: Decisions },
): Promise<Reports> {
  const { copyTo = null, doubleBouncesTo = null } = settings
  const forSender = reported('sender', decisions)
  const failures = forSender.filter(({ action }) => action === 'failed')
  const compose = (to: string | null, about: readonly Reported[], operator: OperatorReport | null) =>
    to === null || about.length === 0 ? null : composeOne(settings, ports, { task, to, about, operator })
  return {
    toSender: await compose(task.message.sender, forSender, null),
    copy: await compose(copyTo, failures, 'copy'),
    doubleBounce: await compose(doubleBouncesTo, reported('operator', decisions), 'double-bounce'),
  }
}

interface Reported {
  readonly recipient: NoticeRecipient
  readonly action: Action
}

function reported(to: 'sender' | 'operator', decisions: Decisions): Reported[] {
  return [...decisions].flatMap(([recipient, decision]) =>
    decision.kind === 'notify' && decision.to === to ? [{ recipient, action: decision.action }] : [],
  )
}

interface Composition {
  readonly task: NoticeTask
  readonly to: string
  readonly about: readonly Reported[]
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
  const { task, to, about, operator } = composition
  const { message, notice } = task
  const unique = random(12).toString('hex')
  const fields = readFields(message.header)
  const shown = operator ? message.header : discloseHeader(message.header, task.recipients)
  return writeReport({
    hostname,
    from,
    fromName,
    to,
    recipients: operator ? about.map(recipientForOperator) : recipientsForSender(about, task.recipients),
    operator: operator && { kind: operator, sender: message.sender },
    at: clock.now(),
    messageId: makeMessageId(`${message.queueId}.${unique}`, hostname),
    boundary: `=_${message.queueId}.${unique}`,
    queueId: message.queueId,
    arrivedAt: message.arrivedAt,
    envid: message.parameters.envid,
    about: { messageId: readMessageId(fields), subject: subjectOf(message, fields) },
    smtputf8: message.parameters.smtputf8,
    returned: await returnedPart({ ...message, header: shown }, notice, {
      openBody: (body) => queue.openBody(body),
      sizeLimit,
    }),
  })
}

/** None for a message with REQUIRETLS: the report may pass connections without verified TLS. */
function subjectOf({ parameters }: StoredMessage, fields: readonly Field[]): string | null {
  return parameters.requireTls ? null : (fieldsNamed(fields, 'subject')[0]?.value ?? null)
}

/** Destinations of one address with the same result are one recipient: the sender does not learn how many there are. */
function recipientsForSender(about: readonly Reported[], together: readonly NoticeRecipient[]): ReportRecipient[] {
  const byContent = new Map<string, ReportRecipient>()
  for (const one of about) {
    const shown = recipientForSender(one, together)
    const content = JSON.stringify({ ...shown, lastAttemptAt: 0 })
    const earlier = byContent.get(content)
    if (!earlier || earlier.lastAttemptAt < shown.lastAttemptAt) byContent.set(content, shown)
  }
  return [...byContent.values()]
}

function recipientForSender({ recipient, action }: Reported, together: readonly NoticeRecipient[]): ReportRecipient {
  const { address, host, reply } = disclose(recipient, together)
  return { ...facts({ recipient, action }), address, remoteHost: host, reply }
}

/** Hides nothing, and adds the connection. */
function recipientForOperator(one: Reported): ReportRecipient {
  const { address, host, reply } = one.recipient
  const remoteHost = disclose({ ...one.recipient, private: false }).host
  return { ...facts(one), address, remoteHost, reply, connection: host }
}

function facts({ recipient, action }: Reported): Omit<ReportRecipient, 'address' | 'remoteHost' | 'reply'> {
  const { status, host, lastAttemptAt, expiresAt, expired, original, parameters, replyClass = null } = recipient
  return {
    original: parameters.orcpt ?? `rfc822;${original}`,
    action,
    status,
    replyClass,
    lastAttemptAt,
    willRetryUntil: action === 'delayed' ? expiresAt : null,
    expired,
    returned: action === 'failed' && !expired && host === null && status === BOUNCED_STATUS,
  }
}
