// SQL of the statistics of a queue.

import type { Database } from 'better-sqlite3'
import type { QueueStats } from '../../../contract/queue-reader.ts'
import { stateNumber, stateOf, type RecipientState } from '../../../contract/states.ts'
import { selectSuspensions } from './destination-rows.ts'

const DESTINATIONS_SHOWN = 20

/** Held or suspended recipients whose lifetime is over; reads the held ones and those of suspended destinations only. */
function selectKept(db: Database, now: number): QueueStats['keptBeyondLifetime'] {
  const count = (condition: string) =>
    db
      .prepare(`SELECT count(*) FROM recipients r JOIN messages m ON m.id = r.id >> 16
        WHERE ${condition} AND m.expires_at < ?`)
      .pluck()
      .get(now) as number
  return {
    held: count('r.state = 3'),
    suspended: count('r.state < 2 AND r.next_hop IN (SELECT next_hop FROM suspensions)'),
  }
}

export function selectStats(db: Database, now: number): QueueStats {
  const one = (sql: string) => (db.prepare(sql).pluck().get() as number | undefined) ?? null
  const recipients = Object.fromEntries(Object.keys(stateNumber).map((state) => [state, 0])) as Record<
    RecipientState,
    number
  >
  const counted = db.prepare('SELECT state, count(*) AS count FROM recipients GROUP BY state').all() as {
    state: number
    count: number
  }[]
  for (const { state, count } of counted) recipients[stateOf(state)] = count
  return {
    messages: one('SELECT count(*) FROM messages') ?? 0,
    recipients,
    noticesDue: one('SELECT count(*) FROM recipients WHERE notice > 0') ?? 0,
    keptBeyondLifetime: selectKept(db, now),
    // Ids are in the order of arrival, except those of transferred messages.
    oldestArrivedAt: one(`SELECT min(arrived_at) FROM messages
      WHERE id = (SELECT min(id) FROM messages) OR id IN (SELECT message FROM transferred_messages)`),
    suspended: selectSuspensions(db)(),
    destinations: db
      .prepare(`SELECT next_hop AS nextHop, count(*) AS waiting, min(next_attempt_at) AS earliestAttemptAt
        FROM recipients WHERE state < 2 GROUP BY next_hop ORDER BY waiting DESC, next_hop LIMIT ?`)
      .all(DESTINATIONS_SHOWN) as { nextHop: string; waiting: number; earliestAttemptAt: number }[],
  }
}

/** Recipients that wait for one destination. */
export function selectWaitingFor(db: Database, nextHop: string): number {
  return db.prepare('SELECT count(*) FROM recipients WHERE state < 2 AND next_hop = ?').pluck().get(nextHop) as number
}
