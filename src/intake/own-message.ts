// The node's own mail (DSNs): routed, signed and given a trace header like any other, but committed by whoever asked for it, in the
// same transaction as the reason for it.

import { readMessageId } from '../message/message-id.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import type { NewMessage } from '../queue/contract/queue.ts'
import type { IntakePorts, IntakeSettings } from './ports.ts'
import { editHeader } from './edit-header.ts'
import { mailOf } from './intake.ts'
import type { Draft, Intake } from './intake.ts'
import { ledgerOf } from './acceptance-events.ts'
import { recipientsOf } from './recipients.ts'
import { signEarned } from './sign-copies.ts'

/** A message from us to one address, with the null sender; null if routing has no place for it. */
export async function prepareOwn(
  settings: IntakeSettings,
  ports: IntakePorts,
  own: Parameters<Intake['prepare']>[0],
): Promise<NewMessage | null> {
  const at = ports.clock.now()
  const queueId = ports.newQueueId()
  const origin = { kind: 'local' } as const
  const resolution = await ports.router.resolve({ forwardPath: own.recipient, reversePath: null, origin, at })
  if (resolution.kind === 'unavailable')
    throw new Error(`routing of a notice is unavailable: ${resolution.reply.cause}`)
  if (resolution.kind !== 'destinations') return null
  const draft: Draft = {
    session: null,
    origin,
    sender: null,
    parameters: { ...plainMail, smtputf8: own.smtputf8, body: own.smtputf8 ? '8BITMIME' : '7BIT' },
    recipients: [{ forwardPath: own.recipient, parameters: plainRecipient, resolution }],
    header: own.header,
    body: { kind: 'inline', bytes: own.body },
  }
  const mail = mailOf(draft, { queue: ports.queue, queueId, at })
  const edited = editHeader(settings.edit, { draft, mail, findings: { results: null, fields: [] } })
  // What a role says of signing is about mail that others bring: ours goes to strangers under the name of our domain from any role.
  const signing = await signEarned('proven-origin', ports.signer, {
    origin,
    content: { ...mail.content, header: edited.signable },
    mail,
  })
  const quiet = settings.sign === 'never' && signing.fields.length === 0
  const { recipients, discarded } = recipientsOf(draft)
  return {
    queueId,
    arrivedAt: at,
    origin,
    sender: null,
    parameters: draft.parameters,
    header: Buffer.concat([edited.trace, signing.fields, edited.signable]),
    body: draft.body,
    senderProven: true,
    recipients,
    events: ledgerOf({
      draft,
      mail,
      findings: { origin, events: [] },
      recipients,
      discarded,
      copied: [],
      signing: quiet ? [] : signing.events,
      messageId: readMessageId(mail.fields),
    }),
  }
}
