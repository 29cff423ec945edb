// The share of null-sender mail, which are reports, in the delivery slots. A stranger chooses where a report goes; without a share, reports to
// domains that never reply could hold the slots of all mail to destinations that are not known yet.

import type { Pool } from '../../budget/pool.ts'
import type { Claim } from '../../queue/contract/queue.ts'
import type { Lane } from '../../queue/scheduling/destination-state.ts'
import type { WaitingHops } from './waiting-hops.ts'

export type ReportPlace =
  | { readonly kind: 'taken'; readonly release: () => void }
  /** Try again after so many ms, or when the next hop is called. */
  | { readonly kind: 'full'; readonly waitMs: number }

const KEY = 'reports'
const free: ReportPlace = { kind: 'taken', release: () => undefined }

export class ReportShare {
  readonly #ports: { readonly pool: Pick<Pool, 'take'>; readonly waiting: WaitingHops }

  constructor(ports: { readonly pool: Pick<Pool, 'take'>; readonly waiting: WaitingHops }) {
    this.#ports = ports
  }

  /** A place for one attempt. Other mail, and reports to destinations that work or that the operator configured, need none. */
  take({ reversePath, nextHop }: Claim, lane: Lane): ReportPlace {
    if (reversePath !== null || lane !== 'internet') return free
    const { pool, waiting } = this.#ports
    const place = pool.take({ purpose: 'internet' })
    if (place.kind === 'short') return { kind: 'full', waitMs: waiting.add(KEY, nextHop) }
    waiting.served(KEY, nextHop)
    return {
      kind: 'taken',
      release: () => {
        place.release()
        waiting.freed(KEY)
      },
    }
  }
}
