// SQL of the statistics of a queue.

import type { Database } from 'better-sqlite3'
import type { QueueOverview, QueueStats } from '../../../contract/queue-reader.ts'
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

/** Recipients by state, and the arrival of the oldest message in each. Ids are in the order of arrival, except those of transferred messages. */
function selectStates(db: Database): Pick<QueueStats, 'recipients' | 'oldest'> {
  const each = <T>(value: T) =>
    Object.fromEntries(Object.keys(stateNumber).map((state) => [state, value])) as Record<RecipientState, T>
  const recipients = each(0)
  const oldest = each<number | null>(null)
  const counted = db
    .prepare('SELECT state, count(*) AS count, min(id) >> 16 AS first FROM recipients GROUP BY state')
    .all() as { state: number; count: number; first: number }[]
  const arrived = db
    .prepare(`SELECT min(arrived_at) FROM messages WHERE id = @first OR id IN (
      SELECT r.id >> 16 FROM transferred_messages t JOIN recipients r
        ON r.id BETWEEN t.message << 16 AND (t.message << 16) + 65535 WHERE r.state = @state)`)
    .pluck()
  for (const { state, count, first } of counted) {
    recipients[stateOf(state)] = count
    oldest[stateOf(state)] = (arrived.get({ first, state }) as number | undefined) ?? null
  }
  return { recipients, oldest }
}

/** Reads partial indexes and the first row only: short also in a long queue. */
export function selectOverview(db: Database): QueueOverview {
  const count = (condition: string) =>
    db.prepare(`SELECT count(*) FROM recipients WHERE ${condition}`).pluck().get() as number
  return {
    held: count('state = 3'),
    noticesDue: count('notice > 0'),
    oldestArrivedAt: selectOldestArrival(db),
    suspended: selectSuspensions(db)(),
  }
}

/** Ids are in the order of arrival, except those of transferred messages. Null for an empty queue. */
function selectOldestArrival(db: Database): number | null {
  return db
    .prepare(`SELECT min(arrived_at) FROM messages
      WHERE id = (SELECT min(id) FROM messages) OR id IN (SELECT message FROM transferred_messages)`)
    .pluck()
    .get() as number | null
}

/** The arrival of the first waiting recipient of each next hop within a window of row ids, unix ms. */
export function selectOldest(
  db: Database,
  request: { readonly nextHops: readonly string[]; readonly after: number; readonly upTo: number },
): (readonly [nextHop: string, at: number])[] {
  return db
    .prepare(`SELECT first.next_hop, m.arrived_at FROM (SELECT next_hop, min(id) AS id FROM recipients
        WHERE id > ? AND id <= ? AND state < 2 AND next_hop IN (SELECT value FROM json_each(?)) GROUP BY next_hop) first
      JOIN messages m ON m.id = first.id >> 16`)
    .raw()
    .all(request.after, request.upTo, JSON.stringify(request.nextHops)) as [string, number][]
}

export function selectStats(db: Database, now: number): QueueStats {
  const one = (sql: string) => (db.prepare(sql).pluck().get() as number | undefined) ?? null
  return {
    messages: one('SELECT count(*) FROM messages') ?? 0,
    ...selectStates(db),
    noticesDue: one('SELECT count(*) FROM recipients WHERE notice > 0') ?? 0,
    keptBeyondLifetime: selectKept(db, now),
    oldestArrivedAt: selectOldestArrival(db),
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
