// Room queue: a message row as it travels back to the main thread.

import type { WireStored } from '../worker-protocol.ts'
import type { StoreContext } from '../store-context.ts'

/** Reads a message with its content; null if it is gone. */
export function storedMessage(context: StoreContext, id: number): WireStored | null {
  const row = context.sql.selectMessage(id)
  if (row === null) return null
  const { content, ...rest } = row
  const { start, end } = context.give(content)
  return { ...rest, contentStart: start, contentEnd: end }
}
