// A refusal with its class: what the rule that fits it changes in the outcome. Without a rule the outcome stays as the standard has it.

import type { Outcome } from '../../queue/contract/outcome.ts'
import { deferred } from './delivery-outcome.ts'
import type { Classification } from './reply-rules.ts'

/**
 * How often a recipient is tried at the time that a rule or a reply names; from then on the schedule's growing gaps hold. A server that
 * says "in five minutes" for days is not asked every five minutes for days.
 */
const HINTED_ATTEMPTS = 6

type Refused = Exclude<Outcome, { kind: 'delivered' }>

export function applyRule(
  outcome: Refused,
  found: Classification,
  at: { readonly now: number; readonly attempt: number },
): Refused {
  const scope = found.scope ?? outcome.scope
  const words = { replyClass: found.class, ...(found.advice === null ? {} : { advice: found.advice }) }
  const { status, reply, host, tls } = outcome
  const kind = found.treat === null ? outcome.kind : found.treat === 'temporary' ? 'deferred' : 'failed'
  if (kind === 'failed') return { kind, scope, status: status.replace(/^4/, '5'), reply, host, tls, ...words }
  const hint = found.retryMs !== null && at.attempt <= HINTED_ATTEMPTS ? at.now + found.retryMs : null
  const base = deferred(scope, status.replace(/^5/, '4'), reply, { host, tls })
  return { ...base, kind: 'deferred', scope, retryAt: hint, ...words }
}
