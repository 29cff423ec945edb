// Applies the reply rule that matches a refusal to its outcome. Without a rule the outcome follows RFC 5321.

import type { Outcome } from '../../queue/contract/outcome.ts'
import { deferred } from './delivery-outcome.ts'
import type { Classification } from './reply-rules.ts'

/**
 * Attempts whose time a rule or a reply may set; later ones follow the retry schedule. A server that says "in five minutes" for days is
 * not tried every five minutes for days.
 */
const HINTED_ATTEMPTS = 6

type Refused = Exclude<Outcome, { kind: 'delivered' }>

export function applyRule(
  outcome: Refused,
  found: Classification,
  /** `now` is wall time: the next attempt is written to disk. */
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
