// Which recipients get the mail as it is, and which another copy of it: grouped by what the strategist chooses for each forward.

import type { CheckedEvent } from '../observe/events.ts'
import type {
  ForwardDecision,
  ForwardedMail,
  ForwardJudgement,
  ForwardPolicy,
  Treatment,
} from '../policy/forward-policy.ts'
import type { NewRecipient } from '../queue/contract/queue.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { SortedRecipients } from './recipients.ts'

export interface Copy {
  readonly treatment: Treatment
  readonly recipients: readonly NewRecipient[]
  /** Why, once for all recipients with the same reason. */
  readonly decisions: readonly Decision[]
  /** The foreign author, read from the mail when asked for; null where nothing was to decide. */
  readonly author: string | null
  /** What the client hears, or reads in the bounce if others get the mail; null for copies that are not refused. */
  readonly refusal: Refusal | null
}

interface Decision {
  readonly reason: string
  readonly recipients: readonly string[]
}

/** It says what would have to change. */
const texts: Readonly<Record<ForwardDecision['cause'], string>> = {
  dmarc:
    "A forward here takes no mail that would fail the DMARC check of its destination: sign it with your domain's DKIM key",
  spam: 'This mail looks like spam, and a forward here passes on less of it than we would take ourselves',
}

/** In this order: the mail as it came keeps the first queue id. */
const order = ['pass', 'rewrite-from', 'wrap', 'refuse dmarc', 'refuse spam'] as const

/** Groups the recipients; no strategist, or nothing to decide, means one copy for all. */
export function planCopies(
  strategist: ForwardPolicy | null,
  mail: ForwardedMail,
  sorted: Pick<SortedRecipients, 'recipients' | 'forwards' | 'handedOver'>,
): readonly Copy[] {
  const { recipients, forwards, handedOver } = sorted
  const judgement = forwards.size + handedOver.size > 0 ? (strategist?.judge(mail) ?? null) : null
  const groups = Map.groupBy(
    recipients.map((recipient) => ({ recipient, choice: choose(judgement, recipient, sorted) })),
    ({ choice }) => kindOf(choice),
  )
  return order.flatMap((kind) => {
    const group = groups.get(kind)
    return group ? [copyOf(group, judgement)] : []
  })
}

interface Chosen {
  readonly recipient: NewRecipient
  readonly choice: ForwardDecision | null
}

function choose(
  judgement: ForwardJudgement | null,
  recipient: NewRecipient,
  { forwards, handedOver }: Pick<SortedRecipients, 'forwards' | 'handedOver'>,
): ForwardDecision | null {
  const forward = forwards.get(recipient)
  if (forward) return judgement?.decide(forward) ?? null
  const next = handedOver.get(recipient)
  return next ? (judgement?.decideRelayed(next) ?? null) : null
}

function kindOf(choice: ForwardDecision | null): (typeof order)[number] {
  if (choice === null) return 'pass'
  return choice.treatment === 'refuse' ? `refuse ${choice.cause}` : choice.treatment
}

function copyOf(group: readonly Chosen[], judgement: ForwardJudgement | null): Copy {
  const treatment = group[0]?.choice?.treatment ?? 'pass'
  const reasons = Map.groupBy(group, ({ choice }) => choice?.reason)
  const decisions = [...reasons].flatMap(([reason, those]) =>
    reason === undefined ? [] : [{ reason, recipients: those.map(({ recipient }) => recipient.address) }],
  )
  return {
    treatment,
    recipients: group.map(({ recipient }) => recipient),
    decisions,
    get author() {
      return judgement?.dmarc?.author ?? null
    },
    refusal: treatment === 'refuse' ? refusalOf(group) : null,
  }
}

function refusalOf([first]: readonly Chosen[]): Refusal {
  const text = texts[first?.choice?.cause ?? 'dmarc']
  return refusal(550, '5.7.1', text, first?.choice?.reason ?? text)
}

/** Where every copy would be refused the client hears it at once; else it is returned for those who refuse (RFC 5321 has one reply for all). */
export function refusedWhole(copies: readonly Copy[]): Refusal | null {
  return copies.every((copy) => copy.refusal !== null) ? (copies[0]?.refusal ?? null) : null
}

/** The ledger's words; the recipient is named where there is one. */
export function copyEvents(copy: Copy, mail: { readonly queueId: string; readonly at: number }): CheckedEvent[] {
  const { queueId, at } = mail
  return copy.decisions.map(({ reason, recipients }) => ({
    kind: 'checked',
    at,
    queueId,
    ...(recipients.length === 1 && recipients[0] !== undefined ? { recipient: recipients[0] } : {}),
    check: 'forward',
    result: copy.treatment,
    detail: reason,
  }))
}
