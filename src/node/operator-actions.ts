// Passes operator actions from the event ledger to delivery and bounce, whichever process wrote them. Delivery retries a destination that
// was retried or resumed, even if it is remembered as unreachable, and gives back the claims for a suspended one. Bounce sends the DSNs of
// returned and expired mail.

import type { DeliveryEngine } from '../delivery/engine.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'

export interface ActionTargets {
  readonly engine: Pick<DeliveryEngine, 'retryDestination' | 'releaseDestination'>
  readonly noticesDue: () => void
}

/** Follows the ledger until the queue is closed. */
export function followOperatorActions(
  queue: Pick<OpenQueue, 'subscribe'>,
  { engine, noticesDue }: ActionTargets,
): void {
  queue.subscribe((events) => {
    const retried = new Set<string>()
    for (const event of events) {
      if (event.kind === 'suspended') engine.releaseDestination(event.destination)
      else if (event.kind === 'resumed') retried.add(event.destination)
      else if (event.kind === 'retried' && event.destination !== undefined) retried.add(event.destination)
    }
    if (events.some(({ kind }) => kind === 'bounced' || kind === 'expired')) noticesDue()
    for (const nextHop of retried) engine.retryDestination(nextHop)
  })
}
