// The outcomes of one attempt, by recipient: the last result counts, with what the reply rules make of it.

import type { Clock } from '../../lib/clock.ts'
import type { Outcome, Scope } from '../../queue/contract/outcome.ts'
import type { ClaimedRecipient } from '../../queue/contract/queue.ts'
import type { RecipientResult } from '../smtp-client/transport.ts'
import type { Target } from '../target.ts'
import { applyRule } from './apply-reply-rules.ts'
import { type AttemptFacts, outcomeOf } from './delivery-outcome.ts'
import { reportsEndHere } from './dsn-privacy.ts'
import type { ReplyRules } from './reply-rules.ts'
import type { HostLimiter } from './shared-limits.ts'

interface Where {
  readonly target: Target
  readonly facts: AttemptFacts
}

export class RecipientOutcomes {
  readonly #ports: { readonly replies: ReplyRules; readonly clock: Clock; readonly limiter: HostLimiter }
  readonly #outcomes = new Map<number, Outcome>()
  /** Ms, from the last refusal of each recipient. */
  readonly #pauses = new Map<number, number>()
  /** What hosts without REQUIRETLS mean for a recipient, if no other host takes it. */
  readonly #lacking = new Map<number, Outcome>()
  /** Recipients for which a host answered, or closed, in a transaction. */
  readonly #answered = new Set<number>()

  constructor(ports: { readonly replies: ReplyRules; readonly clock: Clock; readonly limiter: HostLimiter }) {
    this.#ports = ports
  }

  get isEmpty(): boolean {
    return this.#outcomes.size === 0
  }

  /** True if a host answered, or closed, in a transaction. */
  get hasAnswers(): boolean {
    return this.#answered.size > 0
  }

  /** The longest pause that a host asks for, ms; 0 for none. */
  get pauseMs(): number {
    return Math.max(0, ...this.#pauses.values())
  }

  of(recipientId: number): Outcome | undefined {
    return this.#outcomes.get(recipientId)
  }

  /** The outcome of a recipient if all hosts were tried: a host that could not be reached may offer REQUIRETLS later. */
  atTheEnd(recipientId: number): Outcome | undefined {
    return this.#outcomes.get(recipientId) ?? this.#lacking.get(recipientId)
  }

  isAnswered(recipientId: number): boolean {
    return this.#answered.has(recipientId)
  }

  deferredScopes(): ReadonlySet<Scope> {
    return new Set([...this.#outcomes.values()].flatMap((one) => (one.kind === 'deferred' ? [one.scope] : [])))
  }

  /** The result of a transaction. */
  recordAnswer(recipient: ClaimedRecipient, result: RecipientResult, where: Where): Outcome {
    this.#answered.add(recipient.recipientId)
    return this.record(recipient, result, where)
  }

  /** The host does not offer REQUIRETLS. Another host may take the message, so this is not yet its outcome. */
  recordLacking({ recipientId }: ClaimedRecipient, result: RecipientResult, { facts }: Where): void {
    this.#lacking.set(recipientId, outcomeOf(result, facts))
  }

  record(recipient: ClaimedRecipient, result: RecipientResult, { target, facts }: Where): Outcome {
    const { recipientId, attempt } = recipient
    const { replies, clock, limiter } = this.#ports
    const dsnPassedOn = facts.dsnPassedOn && !reportsEndHere(recipient)
    const plain = outcomeOf(result, { ...facts, dsnPassedOn })
    const found =
      result.kind === 'refused' ? replies.classify(result.reply, { host: target.host, phase: result.phase }) : null
    const outcome = found && plain.kind !== 'delivered' ? applyRule(plain, found, { now: clock.now(), attempt }) : plain
    this.#outcomes.set(recipientId, outcome)
    this.#pauses.set(recipientId, found?.pauseMs ?? 0)
    if (found && found.pauseMs > 0 && target.shared) limiter.pause(target.shared, found.pauseMs)
    return outcome
  }

  setIfUnknown(recipientId: number, outcome: Outcome): void {
    if (!this.#outcomes.has(recipientId)) this.#outcomes.set(recipientId, outcome)
  }
}
