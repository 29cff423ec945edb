// From a plan to messages: each copy with its own queue id, trace header, signature, ledger entries and body. Nothing is committed here;
// until it is, `discard` takes away every body that was made.

import type { Content } from '../message/content.ts'
import { prependFields, readFields, removeFields } from '../message/header.ts'
import { isReplacedByVia, viaFields } from '../message/via-author.ts'
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
import { signEarned, signOwn, unsigned } from './sign-copies.ts'
import type { Signing } from './sign-copies.ts'

export interface CopyPlan {
  readonly checked: Checked
  readonly copies: readonly Copy[]
  readonly discarded: readonly Discarded[]
  readonly forwards: SortedRecipients['forwards']
}

export interface MadeCopies {
  readonly messages: readonly NewMessage[]
  /** Does one of them own the draft's body? */
  readonly bodyKept: boolean
  readonly discard: () => Promise<void>
}

/** What is needed to make copies; nothing is stored under a row yet. */
export interface CopyPorts {
  readonly queue: BodyStore
  readonly signer: IntakePorts['signer']
  readonly sealer: IntakePorts['sealer']
  readonly newQueueId: () => string
  readonly router: Pick<IntakePorts['router'], 'isOurs'>
}

/** Makes every message of a plan. The first keeps the queue id that the draft was given. */
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

/** The words of a refusal, for the bounce. */
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
  const given = ourName(settings, copy)
  if (!given) return { signable: edited.signable, body: await bodies.same() }
  const author = viaFields(checked.mail.fields, given.author, given.strategist)
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
  if (copy.treatment === 'refuse') return unsigned(checked.mail, 'it is returned')
  const whole = wholeOf(ports, content, content.signable)
  const given = ourName(settings, copy)
  if (given) return signOwn(ports.signer, { domain: given.strategist.domain, content: whole, mail: checked.mail })
  const { origin } = checked.findings
  return signEarned(settings.sign, ports.signer, { origin, content: whole, mail: checked.mail })
}

/** A foreign author's mail that goes on as it is, or under our name: not what is attached, and not what is returned. */
async function sealing(
  settings: IntakeSettings,
  ports: CopyPorts,
  task: Task & { readonly content: CopyContent; readonly signing: Signing },
): Promise<Signing> {
  const { copy, checked, content, signing } = task
  const goesOn = copy.treatment === 'pass' || copy.treatment === 'rewrite-from'
  if (!settings.seal || !goesOn || copy.author === null) return { fields: Buffer.alloc(0), events: [] }
  const { origin, results } = checked.findings
  const whole = wholeOf(ports, content, Buffer.concat([signing.fields, content.signable]))
  return sealForward(settings.seal, ports.sealer, { mail: checked.mail, origin, results, content: whole })
}

function wholeOf(ports: CopyPorts, { body }: CopyContent, header: Buffer): Content {
  const bodySize = body.kind === 'inline' ? body.bytes.length : body.size
  return { header, bodySize, openBody: () => ports.queue.openBody(body) }
}

/** Who writes the copy now and for whom; null where it stays the author's own. */
function ourName(
  settings: IntakeSettings,
  copy: Copy,
): { readonly strategist: ForwardPolicy; readonly author: string } | null {
  const { forwards: strategist } = settings
  if (!strategist || copy.treatment === 'pass' || copy.treatment === 'refuse') return null
  return copy.author === null ? null : { strategist, author: copy.author }
}

function bitsOf({ parameters }: Draft): '7bit' | '8bit' | 'utf8' {
  if (parameters.smtputf8) return 'utf8'
  return parameters.body === '8BITMIME' ? '8bit' : '7bit'
}

/** The author's address is shown by the From: and To: lines around; only ASCII stands here. */
function explanation({ strategist }: { readonly strategist: ForwardPolicy }): readonly string[] {
  return [
    `This mail was sent to an address at ${strategist.via} and is forwarded to you.`,
    "Its author's domain asks that mail be refused which does not come from its own",
    'hosts or bear its signature. This one came from them, but without a signature',
    'that would last; so it is attached as it came. Answers go to its author.',
  ]
}
