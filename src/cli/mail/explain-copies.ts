// The part of `waypost explain` after the checks: which copies of a message leave, with which reverse-path, author and signatures. It runs
// the code of intake with a queue in memory.

import { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { buildForwardPolicy, sealSettings } from '../../wiring/forward-settings.ts'
import { editSettings, envelopeSettings } from '../../wiring/mail-settings.ts'
import type { Config } from '../../config/config.ts'
import type { NodeData } from '../../node/load-data.ts'
import type { Checked, Draft } from '../../intake/intake.ts'
import { withoutLoops } from '../../intake/forward-loop.ts'
import { makeCopies } from '../../intake/make-copies.ts'
import { planMessage } from '../../intake/plan-message.ts'
import { recipientsOf } from '../../intake/recipients.ts'
import { signIfProven } from '../../intake/sign-copies.ts'
import type { Event } from '../../observe/events.ts'
import type { Resolution } from '../../route/resolution.ts'
import { plainMail, plainRecipient } from '../../smtp/envelope.ts'
import type { Refusal } from '../../smtp/reply.ts'

export interface ExplainedCopies {
  readonly reply: Refusal | null
  readonly events: readonly Event[]
}

/** The decisions and signatures for one recipient. If the recipient has no target, only the signature is decided. */
export async function explainCopies(
  { config, data }: { readonly config: Config; readonly data: NodeData },
  checked: Omit<Checked, 'draft'>,
  recipient: { readonly forwardPath: string; readonly resolution: Resolution },
): Promise<ExplainedCopies> {
  const { mail, findings } = checked
  const draft = await draftOf(checked, recipient)
  const { loop } = data
  const unlooped = withoutLoops(recipientsOf(draft), mail.fields, loop)
  if (unlooped.kind === 'refused') return { reply: unlooped.reply, events: [] }
  const settings = {
    edit: editSettings(config),
    sign: config.role.sign,
    forwards: buildForwardPolicy(config, data),
    ...envelopeSettings(config),
    loop,
    ...sealSettings(config),
  }
  const { signer, sealer, router } = data
  const ports = { queue: memory(), signer, sealer, router, newQueueId: () => mail.queueId }
  const plan = await planMessage(settings, ports, { checked: { ...checked, draft }, sorted: unlooped.sorted })
  if (plan.kind === 'refused') return { reply: plan.reply, events: [] }
  if (plan.copies.length === 0) {
    const { origin } = findings
    const signing = await signIfProven(config.role.sign, signer, { origin, content: mail.content, mail })
    return { reply: null, events: signing.events }
  }
  const made = await makeCopies(settings, ports, { ...plan, ...plan.sorted })
  return { reply: null, events: made.messages.flatMap((message) => message.events.filter(isDecision)) }
}

async function draftOf(
  { mail }: Omit<Checked, 'draft'>,
  recipient: { readonly forwardPath: string; readonly resolution: Resolution },
): Promise<Draft> {
  const { session, origin, sender, content } = mail
  return {
    session,
    origin,
    sender,
    parameters: plainMail,
    recipients: [{ ...recipient, parameters: plainRecipient }],
    header: content.header,
    body: { kind: 'inline', bytes: await buffer(content.openBody()) },
  }
}

const ownChecks = new Set(['envelope', 'forward', 'arc-seal'])

function isDecision(event: Event): boolean {
  return (
    event.kind === 'signed' || event.kind === 'unsigned' || (event.kind === 'checked' && ownChecks.has(event.check))
  )
}

/** Spool files in memory. There is only one message, so their size needs no limit. */
function memory(): Parameters<typeof makeCopies>[1]['queue'] {
  const files = new Map<string, Buffer[]>()
  return {
    createSpoolFile: async () => {
      const chunks: Buffer[] = []
      const file = String(files.size)
      files.set(file, chunks)
      const stream = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk), done()) })
      const size = () => chunks.reduce((sum, chunk) => sum + chunk.length, 0)
      return { file, stream, finish: async () => ({ size: size() }), discard: async () => void files.delete(file) }
    },
    openBody: (body) =>
      Readable.from(body.kind === 'inline' ? [body.bytes] : (files.get(body.file) ?? []), { objectMode: false }),
    shareBody: async (body) => ({ body, discard: async () => {} }),
  }
}
