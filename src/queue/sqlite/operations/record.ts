// Room queue, operation record: ledger entries that change no state.

import type { WireEvents } from '../worker-protocol.ts'
import type { StoreContext } from '../store-context.ts'

export function record(context: StoreContext, request: { readonly events: readonly WireEvents[] }): null {
  for (const { at, queueId, events } of request.events) context.sql.insertLedger(at, queueId, events)
  return null
}
