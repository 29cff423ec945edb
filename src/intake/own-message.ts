// Prepares the node's own messages (DSNs): routes and signs them and adds the trace field. The caller commits them together with the events
// that they report.

import { readMessageId } from '../message/message-id.ts'
import { buildResults } from '../message/results-field.ts'
import type { Resolution } from '../route/resolution.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import { parseNextHop } from '../smtp/nexthop.ts'
import type { NewMessage } from '../queue/contract/queue.ts'
import type { IntakePorts, IntakeSettings } from './ports.ts'
import { editHeader } from './edit-header.ts'
import { mailOf } from './intake.ts'
import type { Draft, Intake } from './intake.ts'
import { noEvidence } from '../policy/evidence.ts'
import { ledgerOf } from './acceptance-events.ts'
import { recipientsOf } from './recipients.ts'
import { signIfProven } from './sign-copies.ts'

/**
 * The next fleet node must know that this one is the author: it gives mail with an author of ours that is not proven neither a signature nor
 * the null sender (safe-envelopes.ts). Other hosts need no such field.
 */
function vouching(
  { edit }: IntakeSettings,
  { destinations }: Extract<Resolution, { kind: 'destinations' }>,
): string | null {
  const isRelayed = destinations.some(({ nextHop }) => parseNextHop(nextHop)?.kind === 'peers')
  return isRelayed ? buildResults(edit.authservId, [{ method: 'auth', result: 'pass', properties: [] }]) : null
}

/** A message with the null sender to one address; null if it cannot be routed. Throws if routing is unavailable, so that the caller retries. */
export async function prepareOwn(
  settings: IntakeSettings,
  ports: IntakePorts,
  own: Parameters<Intake['prepare']>[0],
): Promise<NewMessage | null> {
  const at = ports.clock.now()
  const queueId = ports.newQueueId()
  const origin = { kind: 'local' } as const
  const resolution = await ports.router.resolve({ forwardPath: own.recipient, reversePath: null, origin, at })
  if (resolution.kind === 'unavailable') throw new Error(`the DSN cannot be routed now: ${resolution.reply.cause}`)
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
  const mail = mailOf(draft, { queue: ports.queue, queueId, evidence: noEvidence, at })
  const edited = editHeader(settings.edit, {
    draft,
    mail,
    findings: { results: vouching(settings, resolution), fields: [] },
  })
  // The role's `sign` concerns received mail. DSNs leave in the name of our domain, so they are signed in every role.
  const signing = await signIfProven('proven-origin', ports.signer, {
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
    ...(own.lifetimeMs !== undefined && { lifetimeMs: own.lifetimeMs }),
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
