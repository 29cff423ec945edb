// Room queue: what the owner does once at open: claims that a crash left without an owner go back, at the time that was written before
// the dial, so that a restart costs one wait and makes no storm.

import type { Database } from 'better-sqlite3'
import type { Event } from '../../observe/events.ts'
import { messageOf } from '../recipient-id.ts'
import { checkMove } from '../states.ts'
import { recoverClaimed } from '../statements/claim-recipients.ts'
import type { Statements } from '../statements.ts'

/** Returns how many recipients were recovered. */
export function recover(db: Database, sql: Statements, now: number): number {
  checkMove('claimed', 'deferred')
  return db
    .transaction(() => {
      const recovered = recoverClaimed(db)
      const byMessage = new Map<number, Event[]>()
      for (const { id, address } of recovered) {
        const message = messageOf(id)
        const queueId = sql.selectMessageFacts(message)?.queueId ?? null
        const event: Event = {
          kind: 'recovered',
          at: now,
          queueId,
          recipient: address,
          by: 'node',
          reason: 'interrupted',
        }
        byMessage.set(message, [...(byMessage.get(message) ?? []), event])
      }
      for (const events of byMessage.values()) sql.insertLedger(now, events[0]?.queueId ?? null, JSON.stringify(events))
      return recovered.length
    })
    .immediate()
}
