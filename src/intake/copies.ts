// Groups the recipients of a message into copies, by what the forward policy decides for each forward.

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
  /** Each reason once, with its recipients. */
  readonly reasons: readonly CopyReason[]
  /** The foreign author, read from the message on first use; null where there is nothing to decide, or where the author is not clear. */
  readonly author: string | null
  /** The reply, or the text of the bounce if other recipients get the message; null for copies that are not refused. */
  readonly refusal: Refusal | null
}

interface CopyReason {
  readonly reason: string
  readonly recipients: readonly string[]
}

/** Each text says what the sender can change. */
const refusalTexts: Readonly<Record<ForwardDecision['cause'], string>> = {
  'own-author': 'This message has an author of our domain whom DMARC does not prove, so it is not forwarded from here',
  dmarc: "This message would fail the DMARC check after a forward here: sign it with a DKIM key of the author's domain",
  'unclear-author':
    'The From: field of this message does not name one author clearly, so it is not forwarded from here',
  spam: 'This message looks like spam and is not forwarded from here',
}

/** The unchanged message keeps the first queue id. */
const copyOrder = [
  'pass',
  'rewrite-from',
  'wrap',
  'reject own-author',
  'reject unclear-author',
  'reject dmarc',
  'reject spam',
] as const

type Sorted = Pick<SortedRecipients, 'recipients' | 'forwards' | 'relayedForwards'>

/** The recipients, and those that no envelope of ours may reach (safe-envelopes.ts), with the reason. */
export interface Enveloped {
  readonly sorted: Sorted
  readonly refusals: ReadonlyMap<NewRecipient, string>
}

/** Without a policy, or where there is nothing to decide, all recipients get one copy. */
export function planCopies(
  policy: ForwardPolicy | null,
  mail: ForwardedMail,
  { sorted, refusals }: Enveloped,
): readonly Copy[] {
  const { recipients, forwards, relayedForwards } = sorted
  const judgement = forwards.size + relayedForwards.size > 0 ? (policy?.judge(mail) ?? null) : null
  const decided = recipients.map((recipient): DecidedRecipient => {
    const reason = refusals.get(recipient)
    if (reason !== undefined) return { recipient, decision: { treatment: 'reject', cause: 'own-author', reason } }
    return { recipient, decision: decide(judgement, recipient, sorted) }
  })
  // Most messages have one recipient.
  if (decided.length === 1) return [copyOf(decided, judgement)]
  const groups = Map.groupBy(decided, ({ decision }) => kindOf(decision))
  return copyOrder.flatMap((kind) => {
    const group = groups.get(kind)
    return group ? [copyOf(group, judgement)] : []
  })
}

interface DecidedRecipient {
  readonly recipient: NewRecipient
  readonly decision: ForwardDecision | null
}

function decide(
  judgement: ForwardJudgement | null,
  recipient: NewRecipient,
  { forwards, relayedForwards }: Sorted,
): ForwardDecision | null {
  const forward = forwards.get(recipient)
  if (forward) return judgement?.decide(forward) ?? null
  const relayed = relayedForwards.get(recipient)
  return relayed ? (judgement?.decideRelayed(relayed) ?? null) : null
}

function kindOf(decision: ForwardDecision | null): (typeof copyOrder)[number] {
  if (decision === null) return 'pass'
  return decision.treatment === 'reject' ? `reject ${decision.cause}` : decision.treatment
}

function copyOf(group: readonly DecidedRecipient[], judgement: ForwardJudgement | null): Copy {
  const treatment = group[0]?.decision?.treatment ?? 'pass'
  return {
    treatment,
    recipients: group.map(({ recipient }) => recipient),
    reasons: reasonsOf(group),
    get author() {
      return judgement?.dmarc?.author ?? null
    },
    refusal: treatment === 'reject' ? refusalOf(group) : null,
  }
}

function reasonsOf(group: readonly DecidedRecipient[]): readonly CopyReason[] {
  const withReason = group.filter(({ decision }) => decision !== null)
  if (withReason.length === 0) return []
  const byReason = Map.groupBy(withReason, ({ decision }) => decision?.reason ?? '')
  return [...byReason].map(([reason, members]) => ({
    reason,
    recipients: members.map(({ recipient }) => recipient.address),
  }))
}

function refusalOf([first]: readonly DecidedRecipient[]): Refusal {
  const text = refusalTexts[first?.decision?.cause ?? 'dmarc']
  return refusal(550, '5.7.1', text, first?.decision?.reason ?? text)
}

/**
 * The refusal of the whole message, if every copy is refused; else null, and the sender gets a bounce for the refused copies: DATA has one
 * reply for all recipients (RFC 5321 4.1.1.4).
 */
export function refusedWhole(copies: readonly Copy[]): Refusal | null {
  return copies.every((copy) => copy.refusal !== null) ? (copies[0]?.refusal ?? null) : null
}

/** An event for each reason; it names the recipient if there is only one. */
export function copyEvents(copy: Copy, mail: { readonly queueId: string; readonly at: number }): CheckedEvent[] {
  const { queueId, at } = mail
  return copy.reasons.map(({ reason, recipients }) => ({
    kind: 'checked',
    at,
    queueId,
    ...(recipients.length === 1 && recipients[0] !== undefined ? { recipient: recipients[0] } : {}),
    check: 'forward',
    result: copy.treatment,
    detail: reason,
  }))
}
