// Room queue: what every operation of the store works with.

import type { DestinationTotals } from './destination-totals.ts'
import type { RetrySettings } from '../../scheduling/retry-schedule.ts'
import type { Statements } from './statements.ts'

export interface StoreContext {
  readonly sql: Statements
  readonly retry: RetrySettings
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number
  readonly totals: DestinationTotals
  /** The flow of each destination that was claimed from last; forgotten when nothing waits for it. */
  readonly lastServedFlow: Map<string, number>
  /** Spool files whose message row is removed in this transaction. */
  readonly freedFiles: string[]
  /** Writes ledger entries that the main thread has itself and tells when their commit is answered: they need not come back as news. */
  readonly insertPublishedLedger: Statements['insertLedger']
  /** A message id that was never used in this process. */
  readonly newMessageId: () => number
  /** The octets that came with the batch of the running operation. */
  octets: Uint8Array
  /** Collects octets for the reply; returns where they lie. */
  readonly addReplyOctets: (octets: Uint8Array) => { readonly start: number; readonly end: number }
}
