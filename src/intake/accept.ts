// One draft in, one commit, one answer. Checks, then edits (only whole fields), then the signature, then the commit: nothing that
// can fail stands between the commit and the 250 that the caller sends.

import type { Content } from '../message/content.ts'
import { readFields } from '../message/header.ts'
import type { ContentCheck } from '../policy/content-check.ts'
import { asUnavailable } from '../queue/unavailable.ts'
import type { NewMessage, Queue } from '../queue/queue.ts'
import { refusal, unforeseen } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import { editHeader } from './edit-header.ts'
import { runChecks } from './run-checks.ts'
import type { Findings } from './run-checks.ts'
import type { Acceptance, Draft, Intake } from './intake.ts'
import { ledgerOf } from './ledger.ts'
import type { IntakePorts, IntakeSettings } from './ports.ts'
import { prepareOwn } from './own-message.ts'
import { recipientsOf } from './recipients.ts'
import { signEarned } from './sign.ts'

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

interface Checked {
  readonly draft: Draft
  readonly mail: Parameters<ContentCheck>[0]
  readonly findings: Findings & { kind: 'passed' }
}

async function commit(settings: IntakeSettings, ports: IntakePorts, checked: Checked): Promise<Acceptance> {
  const { draft, mail, findings } = checked
  const { recipients, discarded } = recipientsOf(draft)
  const edited = editHeader(settings.edit, { draft, mail, findings })
  const signed = await signEarned(settings.sign, ports.signer, {
    origin: findings.origin,
    content: { ...mail.content, header: edited.signable },
    mail,
  })
  const message: NewMessage = {
    queueId: mail.queueId,
    arrivedAt: mail.at,
    origin: findings.origin,
    sender: draft.sender,
    parameters: draft.parameters,
    header: Buffer.concat([edited.trace, signed.fields, edited.signable]),
    body: draft.body,
    senderProven: findings.senderProven,
    recipients,
    events: ledgerOf({
      draft,
      mail,
      findings,
      recipients,
      discarded,
      signing: signed.events,
      messageId: edited.messageId,
    }),
  }
  if (recipients.length === 0) await ports.queue.record(message.events)
  else ports.take(await ports.queue.accept(message, { claim: recipients.every((one) => ports.hasRoom(one.nextHop)) }))
  return { kind: 'accepted', queueId: mail.queueId }
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
