// Room queue: what every operation of the store works with.

import type { DestinationBook } from '../scheduling/destination-book.ts'
import type { RetrySettings } from '../scheduling/retry-schedule.ts'
import type { Statements } from './statements.ts'

export interface StoreContext {
  readonly sql: Statements
  readonly retry: RetrySettings
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number
  readonly book: DestinationBook
  /** The flow of each destination that was claimed from last; forgotten when nothing waits for it. */
  readonly turns: Map<string, number>
  /** Spool files whose message row is removed in this transaction. */
  readonly freed: string[]
  /** Writes ledger entries that the main thread has itself and tells when their commit is answered: they need not come back as news. */
  readonly insertToldLedger: Statements['insertLedger']
  /** A message id that was never used in this process. */
  readonly newMessageId: () => number
  /** The octets that came with the batch of the running operation. */
  octets: Uint8Array
  /** Collects octets for the reply; returns where they lie. */
  readonly give: (octets: Uint8Array) => { readonly start: number; readonly end: number }
}
