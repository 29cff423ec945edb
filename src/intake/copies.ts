// Which recipients get the mail as it is, and which another copy of it: grouped by what the strategist chooses for each forward.

import type { CheckedEvent } from '../observe/events.ts'
import type { ForwardedMail, ForwardJudgement, ForwardStrategist, Treatment } from '../policy/forward-strategist.ts'
import type { NewRecipient } from '../queue/queue.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { SortedRecipients } from './recipients.ts'

export interface Copy {
  readonly treatment: Treatment
  readonly recipients: readonly NewRecipient[]
  /** Why, once for all recipients with the same reason. */
  readonly decisions: readonly Decision[]
  /** The foreign author; null where nothing was to decide. */
  readonly author: string | null
}

interface Decision {
  readonly reason: string
  readonly recipients: readonly string[]
}

/** What the client hears, or reads in the bounce if others get the mail: it says what would have to change. */
const STATUS = '5.7.1'
const TEXT =
  "A forward here takes no mail that would fail the DMARC check of its destination: sign it with your domain's DKIM key"
export const returnedReply = { status: STATUS, reply: `550 ${STATUS} ${TEXT}` } as const

/** In this order: the mail as it came keeps the first queue id. */
const order: readonly Treatment[] = ['pass', 'rewrite-from', 'wrap', 'refuse']

/** Groups the recipients; no strategist, or an author of ours, means one copy for all. */
export function planCopies(
  strategist: ForwardStrategist | null,
  mail: ForwardedMail,
  { recipients, forwards }: Pick<SortedRecipients, 'recipients' | 'forwards'>,
): readonly Copy[] {
  const judgement = forwards.size > 0 ? (strategist?.judge(mail) ?? null) : null
  const groups = Map.groupBy(
    recipients.map((recipient) => ({ recipient, choice: choose(judgement, forwards.get(recipient)) })),
    ({ choice }) => choice?.treatment ?? 'pass',
  )
  return order.flatMap((treatment) => {
    const group = groups.get(treatment)
    if (!group) return []
    const reasons = Map.groupBy(group, ({ choice }) => choice?.reason)
    const decisions = [...reasons].flatMap(([reason, those]) =>
      reason === undefined ? [] : [{ reason, recipients: those.map(({ recipient }) => recipient.address) }],
    )
    return [
      { treatment, recipients: group.map(({ recipient }) => recipient), decisions, author: judgement?.author ?? null },
    ]
  })
}

function choose(judgement: ForwardJudgement | null, forward: Parameters<ForwardJudgement['choose']>[0] | undefined) {
  return judgement && forward ? judgement.choose(forward) : null
}

/** Where every copy would be refused the client hears it at once; else it is returned for those who refuse (RFC 5321 has one reply for all). */
export function refusedWhole(copies: readonly Copy[]): Refusal | null {
  const [copy] = copies
  if (copies.length !== 1 || copy?.treatment !== 'refuse') return null
  return refusal(550, STATUS, TEXT, copy.decisions[0]?.reason ?? TEXT)
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
