// One draft in, one commit, one answer, whether its copies are alike or not. Checks, then edits (only whole fields), then the signature, then the commit: nothing that
// can fail stands between the commit and the 250 that the caller sends.

import type { Content } from '../message/content.ts'
import { readFields } from '../message/header.ts'
import { readMessageId } from '../message/message-id.ts'
import { asUnavailable } from '../queue/contract/queue-unavailable.ts'
import type { NewMessage, Queue } from '../queue/contract/queue.ts'
import { refusal, unforeseen } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import { noKeys, withoutLoops } from './forward-loop.ts'
import { runChecks } from './run-checks.ts'
import { planCopies, refusedWhole } from './copies.ts'
import type { Acceptance, Draft, Intake } from './intake.ts'
import { ledgerOf } from './acceptance-events.ts'
import { makeCopies } from './make-copies.ts'
import type { Checked } from './make-copies.ts'
import type { IntakePorts, IntakeSettings } from './ports.ts'
import { prepareOwn } from './own-message.ts'
import { recipientsOf } from './recipients.ts'

/** Builds the intake of a node. */
export function createIntake(settings: IntakeSettings, ports: IntakePorts): Intake {
  return {
    accept: (draft) => acceptDraft(settings, ports, draft),
    prepare: (own) => prepareOwn(settings, ports, own),
  }
}

async function acceptDraft(settings: IntakeSettings, ports: IntakePorts, draft: Draft): Promise<Acceptance> {
  const at = ports.clock.now()
  const queueId = ports.newQueueId()
  try {
    const content = contentOf(ports.queue, draft)
    const mail = {
      queueId,
      session: draft.session,
      origin: draft.origin,
      sender: draft.sender,
      recipients: draft.recipients.map((one) => one.forwardPath),
      content,
      fields: readFields(draft.header),
      at,
    }
    const findings = await runChecks(settings.checks, mail)
    if (findings.kind === 'refused') return { kind: 'refused', reply: findings.reply }
    return await commit(settings, ports, { draft, mail, findings })
  } catch (error) {
    return { kind: 'refused', reply: refusalFor(ports, error) }
  }
}

async function commit(settings: IntakeSettings, ports: IntakePorts, checked: Checked): Promise<Acceptance> {
  const { draft, mail, findings } = checked
  const unlooped = withoutLoops(recipientsOf(draft, settings), mail.fields, settings.loop ?? noKeys)
  if (unlooped.kind === 'refused') return { kind: 'refused', reply: unlooped.reply }
  const { sorted } = unlooped
  const copies = planCopies(settings.forwards ?? null, { ...findings, fields: mail.fields }, sorted)
  const refused = refusedWhole(copies)
  if (refused) return { kind: 'refused', reply: refused }
  const { queueId } = mail
  if (copies.length === 0) {
    const messageId = readMessageId(mail.fields)
    await ports.queue.record(ledgerOf({ ...checked, ...sorted, copied: [], signing: [], messageId }))
    return { kind: 'accepted', queueId, bodyKept: false }
  }
  const made = await makeCopies(settings, ports, { checked, copies, ...sorted })
  try {
    await store(ports, made.messages)
  } catch (error) {
    await made.discard()
    throw error
  }
  return { kind: 'accepted', queueId, bodyKept: made.bodyKept }
}

/** One commit for all of them, and then nothing that can fail. */
async function store(ports: IntakePorts, messages: readonly NewMessage[]): Promise<void> {
  const sent = messages.filter((message) => !message.returned).flatMap((message) => message.recipients)
  const claim = sent.every((one) => one.expanded || ports.hasRoom(one.nextHop))
  const [only, ...others] = messages
  const single = only && others.length === 0 && !only.returned
  ports.take(single ? await ports.queue.accept(only, { claim }) : await ports.queue.acceptAll(messages, { claim }))
  if (messages.some((message) => message.returned) || sent.some((one) => one.expanded)) ports.noticesDue()
}

function contentOf(queue: Queue, draft: Draft): Content {
  const bodySize = draft.body.kind === 'inline' ? draft.body.bytes.length : draft.body.size
  return { header: draft.header, bodySize, openBody: () => queue.openBody(draft.body) }
}

/** A full disk is ours to say (452 4.3.1); anything unforeseen is temporary and a bug. */
function refusalFor(ports: IntakePorts, error: unknown): Refusal {
  const unavailable = asUnavailable(error)
  if (unavailable) {
    if (unavailable.cause === 'full')
      return refusal(452, '4.3.1', 'Insufficient system storage, please try again later', unavailable.message)
    return refusal(451, '4.3.0', 'Mail storage is temporarily unavailable', unavailable.message)
  }
  ports.bug(error, 'intake')
  return unforeseen(error)
}
