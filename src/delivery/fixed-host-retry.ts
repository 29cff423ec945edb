// Destinations that the operator configured, fleet nodes and fixed hosts, are down for a restart more often than for a day. They are tried
// again soon, so that the back-off of the mail that met them down does not outlast the restart. The internet gets the usual back-off.

import type { Claim } from '../queue/contract/queue.ts'
import type { AttemptResult } from './attempt/agent.ts'

/** Between two probes of such a destination, ms: a host that is back gets its mail within a minute. While it is down, one message is tried. */
const RETRY_MS = 30_000
/**
 * Attempts that a broken session may end before the usual back-off begins. A message that makes the peer crash must not do so twice a
 * minute for days; a connection that is refused can be tried without end.
 */
const BROKEN_SESSIONS = 3

/** Ms between two tries of a destination that cannot be reached; null for the usual back-off. Never longer than the `usualMs`. */
export function fixedHostRetryMs(nextHop: string, usualMs: number): number | null {
  // Called for each attempt: the next hop is in the printed form of smtp/nexthop.ts.
  return nextHop.startsWith('mx:') ? null : Math.min(RETRY_MS, usualMs)
}

/** The outcomes with an early next attempt, at `retryAt` (unix ms), for recipients whose host was down or went down. */
export function retrySoon(
  claim: Claim,
  outcomes: AttemptResult['outcomes'],
  retryAt: number,
): AttemptResult['outcomes'] {
  if (outcomes.every(({ outcome }) => outcome.kind !== 'deferred')) return outcomes
  const attempts = new Map(claim.recipients.map(({ recipientId, attempt }) => [recipientId, attempt]))
  return outcomes.map(({ recipientId, outcome }) => {
    if (outcome.kind !== 'deferred' || outcome.retryAt !== null) return { recipientId, outcome }
    const broke = outcome.scope === 'session' && (attempts.get(recipientId) ?? 0) <= BROKEN_SESSIONS
    return { recipientId, outcome: broke || outcome.scope === 'site' ? { ...outcome, retryAt } : outcome }
  })
}
