// One checked draft in, one commit, one answer. First the edits (whole fields only), then the signature, then the commit: nothing that can
// fail runs between the commit and the 250.

import { readMessageId } from '../message/message-id.ts'
import { storageRefusal } from '../policy/checks/storage.ts'
import type { NewMessage } from '../queue/contract/queue.ts'
import { unforeseen } from '../smtp/reply.ts'
import { ledgerOf } from './acceptance-events.ts'
import { noKeys, withoutLoops } from './forward-loop.ts'
import type { Acceptance, Checked, Intake } from './intake.ts'
import { makeCopies } from './make-copies.ts'
import { planMessage } from './plan-message.ts'
import { prepareOwn } from './own-message.ts'
import type { IntakePorts, IntakeSettings } from './ports.ts'
import type { QuarantineAnswer } from './quarantine.ts'
import { recipientsOf } from './recipients.ts'

/** Builds the intake of a node. */
export function createIntake(settings: IntakeSettings, ports: IntakePorts): Intake {
  return {
    accept: (checked) => acceptDraft(settings, ports, checked),
    prepare: (own) => prepareOwn(settings, ports, own),
  }
}

/** A storage error becomes 452 or 451; any other exception is a bug and 451 4.3.0. */
async function acceptDraft(settings: IntakeSettings, ports: IntakePorts, checked: Checked): Promise<Acceptance> {
  try {
    return await commit(settings, ports, checked)
  } catch (error) {
    const storage = storageRefusal(error)
    if (!storage) ports.log.bug(error, 'intake')
    return { kind: 'refused', reply: storage ?? unforeseen(error) }
  }
}

async function commit(settings: IntakeSettings, ports: IntakePorts, checked: Checked): Promise<Acceptance> {
  const { draft, mail } = checked
  const unlooped = withoutLoops(recipientsOf(draft, settings), mail.fields, settings.loop ?? noKeys)
  if (unlooped.kind === 'refused') return { kind: 'refused', reply: unlooped.reply }
  const plan = await planMessage(settings, ports, { checked, sorted: unlooped.sorted })
  if (plan.kind === 'refused') return plan
  const { queueId } = mail
  if (plan.copies.length === 0) {
    const messageId = readMessageId(mail.fields)
    await ports.queue.record(ledgerOf({ ...plan.checked, ...plan.sorted, copied: [], signing: [], messageId }))
    return { kind: 'accepted', queueId, bodyKept: false }
  }
  const admitted = await quarantineOf(ports, checked)
  if (admitted?.kind === 'refused') return admitted
  const made = await makeCopies(settings, ports, { ...plan, ...plan.sorted })
  try {
    await store(ports, admitted ? made.messages.map((one) => ({ ...one, held: admitted.held })) : made.messages)
  } catch (error) {
    await made.discard()
    throw error
  }
  return { kind: 'accepted', queueId, bodyKept: made.bodyKept }
}

/** Null for a message that is delivered. */
async function quarantineOf(
  { quarantine }: IntakePorts,
  { mail, findings }: Checked,
): Promise<QuarantineAnswer | null> {
  return findings.quarantine === null ? null : quarantine.admit(mail, findings.quarantine)
}

/** One commit for all copies, and nothing that can fail after it. */
async function store(ports: IntakePorts, messages: readonly NewMessage[]): Promise<void> {
  const sent = messages.filter((message) => !message.returned && !message.held).flatMap((message) => message.recipients)
  const claim = sent.every((one) => one.expanded || ports.hasCapacity(one.nextHop))
  const [only, ...others] = messages
  const single = only && others.length === 0 && !only.returned && !only.held
  ports.takeClaims(
    single ? await ports.queue.accept(only, { claim }) : await ports.queue.acceptAll(messages, { claim }),
  )
  if (messages.some((message) => message.returned) || sent.some((one) => one.expanded)) ports.noticesDue()
}
