// What operators (and time) do to the queue reaches the rooms that act on it. Delivery's memory: a destination retried or resumed by hand is tried at once although it was
// remembered as unreachable; what is in hand for a suspended one goes back. Bounce: senders of what was returned or expired are told now.
// The ledger tells it, whoever wrote it.

import type { Dispatcher } from '../delivery/dispatcher.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'

export interface Followers {
  readonly engine: Pick<Dispatcher, 'reconsider' | 'leave'>
  readonly noticesDue: () => void
}

/** Starts to listen; ends with the queue. */
export function followOperators(queue: Pick<OpenQueue, 'follow'>, { engine, noticesDue }: Followers): void {
  queue.follow((events) => {
    const again = new Set<string>()
    for (const event of events) {
      if (event.kind === 'suspended') engine.leave(event.destination)
      else if (event.kind === 'resumed') again.add(event.destination)
      else if (event.kind === 'retried' && event.destination !== undefined) again.add(event.destination)
    }
    if (events.some(({ kind }) => kind === 'bounced' || kind === 'expired')) noticesDue()
    for (const nextHop of again) engine.reconsider(nextHop)
  })
}
