// Makes the messages of a plan: each copy gets a queue id, trace fields, a signature, ledger events and a body. Nothing is committed here;
// until the commit, `discard` removes the bodies.

import type { Content } from '../message/content.ts'
import { bodySize } from '../queue/contract/stored-body.ts'
import { prependFields, readFields, removeFields } from '../message/header.ts'
import { isReplacedByVia, unclearAuthorField, viaFields } from '../message/via-author.ts'
import { wrap } from '../message/wrapped.ts'
import type { ForwardPolicy } from '../policy/forward-policy.ts'
import type { NewMessage, StoredBody } from '../queue/contract/queue.ts'
import type { Refusal } from '../smtp/reply.ts'
import { copyEvents } from './copies.ts'
import type { Copy } from './copies.ts'
import { createCopyBodies } from './copy-bodies.ts'
import type { BodyStore, CopyBodies } from './copy-bodies.ts'
import { editHeader } from './edit-header.ts'
import type { EditedHeader } from './edit-header.ts'
import type { Checked, Draft } from './intake.ts'
import { loopMarks, noKeys } from './forward-loop.ts'
import { ledgerOf } from './acceptance-events.ts'
import type { IntakePorts, IntakeSettings } from './ports.ts'
import type { Discarded, SortedRecipients } from './recipients.ts'
import { sealForward } from './seal-copies.ts'
import { signIfProven, signAsForwarder, unsigned } from './sign-copies.ts'
import type { Signing } from './sign-copies.ts'

export interface CopyPlan {
  readonly checked: Checked
  readonly copies: readonly Copy[]
  readonly discarded: readonly Discarded[]
  readonly forwards: SortedRecipients['forwards']
}

export interface MadeCopies {
  readonly messages: readonly NewMessage[]
  /** True if one of them owns the body of the draft. */
  readonly bodyKept: boolean
  readonly discard: () => Promise<void>
}

export interface CopyPorts {
  readonly queue: BodyStore
  readonly signer: IntakePorts['signer']
  readonly sealer: IntakePorts['sealer']
  readonly newQueueId: () => string
  readonly router: Pick<IntakePorts['router'], 'isOurs'>
}

/** The first message keeps the queue id of the draft. */
export async function makeCopies(settings: IntakeSettings, ports: CopyPorts, plan: CopyPlan): Promise<MadeCopies> {
  const { checked, copies, discarded, forwards } = plan
  const bodies = createCopyBodies(ports.queue, checked.draft.body)
  const messages: NewMessage[] = []
  try {
    for (const [place, copy] of copies.entries()) {
      const own = place === 0 ? checked : withQueueId(checked, ports.newQueueId())
      messages.push(
        await makeOne(settings, ports, {
          checked: own,
          copy,
          discarded: place === 0 ? discarded : [],
          bodies,
          forwards,
        }),
      )
    }
  } catch (error) {
    await bodies.discard()
    throw error
  }
  return { messages, bodyKept: bodies.kept(), discard: () => bodies.discard() }
}

function withQueueId({ draft, mail, findings }: Checked, queueId: string): Checked {
  const events = findings.events.map((event) => ({ ...event, queueId }))
  return { draft, mail: { ...mail, queueId }, findings: { ...findings, events } }
}

interface Task {
  readonly checked: Checked
  readonly copy: Copy
  readonly discarded: readonly Discarded[]
  readonly bodies: CopyBodies
  readonly forwards: SortedRecipients['forwards']
}

async function makeOne(settings: IntakeSettings, ports: CopyPorts, task: Task): Promise<NewMessage> {
  const { copy, discarded } = task
  const { draft, mail, findings } = task.checked
  const edited = editHeader(settings.edit, task.checked)
  const marks = loopMarks(copy.recipients, {
    ...task,
    draft,
    isOurs: (domain) => ports.router.isOurs(domain),
    settings: settings.loop ?? noKeys,
  })
  const content = await contentOf(settings, { ...task, edited })
  const signing = await sign(settings, ports, { ...task, content })
  const seal = await sealing(settings, ports, { ...task, content, signing })
  return {
    queueId: mail.queueId,
    arrivedAt: mail.at,
    origin: findings.origin,
    sender: draft.sender,
    parameters: draft.parameters,
    header: Buffer.concat([marks, edited.trace, seal.fields, signing.fields, content.signable]),
    body: content.body,
    senderProven: findings.senderProven,
    recipients: copy.recipients,
    ...(copy.refusal ? { returned: returnedFor(copy.refusal) } : {}),
    events: ledgerOf({
      draft,
      mail,
      findings,
      recipients: copy.recipients,
      discarded,
      copied: copyEvents(copy, mail),
      signing: [...signing.events, ...seal.events],
      messageId: edited.messageId,
    }),
  }
}

/** The refusal as the bounce reports it. */
function returnedFor({ code, enhanced, text }: Refusal): NonNullable<NewMessage['returned']> {
  return { status: enhanced, reply: `${code} ${enhanced} ${text}` }
}

interface CopyContent {
  readonly signable: Buffer
  readonly body: StoredBody
}

async function contentOf(
  settings: IntakeSettings,
  task: Task & { readonly edited: EditedHeader },
): Promise<CopyContent> {
  const { copy, edited, bodies, checked } = task
  const given = newAuthorOf(settings, copy)
  if (!given) return { signable: edited.signable, body: await bodies.same() }
  const author =
    given.author === null
      ? unclearAuthorField(given.policy)
      : viaFields(checked.mail.fields, given.author, given.policy)
  if (copy.treatment === 'rewrite-from') {
    const header = removeFields(edited.signable, isReplacedByVia)
    return { signable: prependFields(header, author), body: await bodies.same() }
  }
  const { queueId, at } = checked.mail
  const wrapped = wrap({
    header: edited.signable,
    fields: readFields(edited.signable),
    author,
    unique: queueId,
    hostname: settings.edit.hostname,
    at,
    bits: bitsOf(checked.draft),
    explanation: explanation(given),
  })
  return { signable: wrapped.header, body: await bodies.between(wrapped.before, wrapped.after) }
}

function sign(
  settings: IntakeSettings,
  ports: CopyPorts,
  task: Task & { readonly content: CopyContent },
): Promise<Signing> | Signing {
  const { copy, checked, content } = task
  if (copy.treatment === 'reject') return unsigned(checked.mail, 'the copy is refused')
  const whole = wholeOf(ports, content, content.signable)
  const given = newAuthorOf(settings, copy)
  if (given) return signAsForwarder(ports.signer, { domain: given.policy.domain, content: whole, mail: checked.mail })
  const { origin } = checked.findings
  return signIfProven(settings.sign, ports.signer, { origin, content: whole, mail: checked.mail })
}

/** Seals copies of a foreign author that are sent unchanged or with a new author. Wrapped and refused copies get no seal. */
async function sealing(
  settings: IntakeSettings,
  ports: CopyPorts,
  task: Task & { readonly content: CopyContent; readonly signing: Signing },
): Promise<Signing> {
  const { copy, checked, content, signing } = task
  const isForwarded = copy.treatment === 'pass' || copy.treatment === 'rewrite-from'
  if (!settings.seal || !isForwarded || copy.author === null) return { fields: Buffer.alloc(0), events: [] }
  const { origin, results } = checked.findings
  const whole = wholeOf(ports, content, Buffer.concat([signing.fields, content.signable]))
  return sealForward(settings.seal, ports.sealer, { mail: checked.mail, origin, results, content: whole })
}

function wholeOf(ports: CopyPorts, { body }: CopyContent, header: Buffer): Content {
  return { header, bodySize: bodySize(body), openBody: () => ports.queue.openBody(body) }
}

interface NewAuthor {
  readonly policy: ForwardPolicy
  /** The author that it replaces; null where that is not clear. */
  readonly author: string | null
}

/** The policy that gives the copy a new author; null where the author stays. */
function newAuthorOf({ forwards: policy }: IntakeSettings, { treatment, author }: Copy): NewAuthor | null {
  if (!policy || treatment === 'pass' || treatment === 'reject') return null
  // Only an attached message can do without an author: `From:` of a rewritten one is built from it.
  return author === null && treatment !== 'wrap' ? null : { policy, author }
}

function bitsOf({ parameters }: Draft): '7bit' | '8bit' | 'utf8' {
  if (parameters.smtputf8) return 'utf8'
  return parameters.body === '8BITMIME' ? '8bit' : '7bit'
}

/** ASCII only: the From: and Reply-To: fields show the author's address. */
function explanation({ policy, author }: NewAuthor): readonly string[] {
  const sent = `This message was sent to an address at ${policy.via} and is forwarded to you.`
  if (author === null)
    return [
      sent,
      'Its From: field does not name one author clearly, so it is not known who wrote it,',
      'and mail programs may show different authors. The original is attached.',
    ]
  return [
    sent,
    'The domain of its author asks mail hosts to refuse messages that fail DMARC.',
    'This message passed the check here, but it has no DKIM signature that stays',
    'valid after a forward. The original is attached; replies go to its author.',
  ]
}
