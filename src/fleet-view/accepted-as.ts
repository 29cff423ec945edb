// The queue ID that the next host gave a message, from its reply: `250 2.0.0 Ok: queued as ID`, as Waypost and Postfix write it.

import { isQueueId } from '../lib/ids.ts'
import type { Event } from '../observe/events.ts'

/** Null if the event is no delivery, or names no queue ID of Waypost. */
export function acceptedAs(event: Event): string | null {
  if (event.kind !== 'delivered') return null
  const named = /\bqueued as ([A-Za-z0-9]{1,64})\b/.exec(event.reply)?.[1]
  return named !== undefined && isQueueId(named) ? named : null
}
