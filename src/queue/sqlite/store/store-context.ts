// What the operations of the store share.

import type { DestinationTotals } from './destination-totals.ts'
import type { RetrySettings } from '../../scheduling/retry-schedule.ts'
import type { Statements } from './statements.ts'

export interface StoreContext {
  readonly sql: Statements
  readonly retry: RetrySettings
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number
  readonly totals: DestinationTotals
  /** By destination: the flow that was served last; removed when nothing waits. */
  readonly lastServedFlow: Map<string, number>
  /** Spool files whose message row is removed in this transaction. */
  readonly freedFiles: string[]
  /** Writes ledger events that the main thread has and publishes itself when their commit is answered. */
  readonly insertPublishedLedger: Statements['insertLedger']
  /** A message id that this process has not used. */
  readonly newMessageId: () => number
  /** The octets that came with the batch of the running operation. */
  octets: Uint8Array
  /** Adds octets to the reply. Returns their position in it. */
  readonly addReplyOctets: (octets: Uint8Array) => { readonly start: number; readonly end: number }
}
