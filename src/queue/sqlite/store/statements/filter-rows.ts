// SQL of the filter that listing and control share. Values are always bound, never part of the text.

import type { Database } from 'better-sqlite3'
import type { FilterSql, QueueFilter } from '../../../contract/recipient-filter.ts'
import { stateNumber } from '../../../contract/states.ts'
import { type ControlledRow, controlledColumns } from './control-rows.ts'

/** Turns a filter into conditions over `r` (recipients) and `m` (messages). */
export function filterSql(filter: QueueFilter): FilterSql {
  const terms: string[] = []
  const values: (string | number)[] = []
  const add = (term: string, ...bound: (string | number)[]) => {
    terms.push(term)
    values.push(...bound)
  }
  if (filter.queueIds) add('m.queue_id IN (SELECT value FROM json_each(?))', JSON.stringify(filter.queueIds))
  if (filter.sender === '<>') add('m.sender IS NULL')
  else if (filter.sender !== undefined) add('lower(m.sender) GLOB ?', glob(filter.sender))
  if (filter.recipient !== undefined) {
    const pattern = glob(filter.recipient)
    add('(lower(r.address) GLOB ? OR lower(r.original) GLOB ?)', pattern, pattern)
  }
  if (filter.destination !== undefined) add('lower(r.next_hop) GLOB ?', glob(filter.destination))
  if (filter.states) add(`r.state IN (${filter.states.map((state) => stateNumber[state]).join(', ')})`)
  if (filter.arrivedBefore !== undefined) add('m.arrived_at < ?', filter.arrivedBefore)
  if (filter.identity !== undefined) add("m.origin ->> 'identity' = ?", filter.identity)
  if (filter.originKind !== undefined) add("m.origin ->> 'kind' = ?", filter.originKind)
  if (filter.app !== undefined) add("m.origin ->> 'app' = ?", filter.app)
  if (filter.holdReason !== undefined)
    add("substr(r.hold ->> 'reason', 1, ?) = ?", filter.holdReason.length, filter.holdReason)
  if (filter.reply !== undefined) add('instr(lower(r.last_reply), ?) > 0', lower(filter.reply))
  return { where: terms.length === 0 ? 'true' : terms.join(' AND '), values }
}

/** Only `*` is a wildcard. */
function glob(pattern: string): string {
  return lower(pattern).replaceAll('[', '[[]').replaceAll('?', '[?]')
}

/** Lower case of ASCII letters only, as SQLite's lower(). */
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

export interface MatchedRow extends ControlledRow {
  readonly queueId: string
}

/** Matching recipients within a window of row ids. */
export function selectMatching(
  db: Database,
  request: { readonly filter: QueueFilter; readonly after: number; readonly upTo: number },
): MatchedRow[] {
  const { where, values } = filterSql(request.filter)
  return db
    .prepare(`SELECT ${controlledColumns}, m.queue_id AS queueId FROM recipients r JOIN messages m ON m.id = r.id >> 16
      WHERE r.id > ? AND r.id <= ? AND ${where} ORDER BY r.id`)
    .all(request.after, request.upTo, ...values) as MatchedRow[]
}

/** The last row id of a window of `rows` recipients after one; null if none is left. */
export function windowEnd(db: Database, after: number, rows: number): number | null {
  return db
    .prepare('SELECT max(id) FROM (SELECT id FROM recipients WHERE id > ? ORDER BY id LIMIT ?)')
    .pluck()
    .get(after, rows) as number | null
}
