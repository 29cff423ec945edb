// Operations that take personal data out of the ledger and its index: what is too old, and one person.

import type { Database } from 'better-sqlite3'
import { type ForgottenPart, forgetPart, forgetPerson } from '../../../../privacy/forget-events.ts'
import { personOf, type PersonNames } from '../../../../privacy/person.ts'
import type { OperationResults } from '../../worker/worker-protocol.ts'
import { deleteSegment, selectSegmentAfter, selectSegmentOf } from '../statements/ledger-index.ts'
import type { StoreContext } from '../store-context.ts'
import { indexSegment } from './write-ledger.ts'

/** Ledger rows of one step: some ten milliseconds of a commit that mail waits for. */
const STEP_ROWS = 100
/** Rows that one step of `erase` reads; few of them name the person. */
const SEARCHED_ROWS = 500
/** An entry from the future was written with a wrong clock: it must not keep the later ones from being forgotten. */
const WRONG_CLOCK_MS = 86_400_000

const progress = { addresses: 'addresses_forgotten_to', ips: 'ips_forgotten_to' } as const

/** Rows of queued mail too: the queue itself has its addresses. */
export function forget(
  context: StoreContext,
  { part, before, now }: { readonly part: ForgottenPart; readonly before: number; readonly now: number },
  db: Database,
): OperationResults['forget'] {
  const { sql } = context
  const name = progress[part]
  const rows = sql.selectLedgerAfter(sql.selectMeta(name), STEP_ROWS)
  const firstKept = rows.findIndex(({ at }) => at >= before && at <= now + WRONG_CLOCK_MS)
  const old = firstKept < 0 ? rows : rows.slice(0, firstKept)
  const update = db.prepare('UPDATE ledger SET events = ? WHERE id = ?')
  let changed = 0
  for (const { id, events } of old) {
    const kept = forgetPart(events, part)
    if (kept !== events) changed += update.run(kept, id).changes
  }
  const last = old.at(-1)?.id
  if (last !== undefined) sql.updateMeta(name, last)
  const isRebuilt = part === 'addresses' && old.length < STEP_ROWS && forgetInIndex(context, db)
  return { changed, more: old.length === STEP_ROWS || isRebuilt }
}

/** The index has a hash of each address, which a guess could test. True if a segment was rebuilt. */
function forgetInIndex(context: StoreContext, db: Database): boolean {
  const { sql } = context
  const segment = selectSegmentAfter(db, sql.selectMeta('index_forgotten_to'))
  if (segment === null || segment.last > sql.selectMeta(progress.addresses)) return false
  rebuild(context, db, segment)
  sql.updateMeta('index_forgotten_to', segment.first)
  return true
}

function rebuild(
  context: StoreContext,
  db: Database,
  segment: { readonly first: number; readonly last: number },
): void {
  const rows = context.sql.selectLedgerAfter(segment.first - 1, segment.last - segment.first + 1)
  deleteSegment(db, segment.first)
  indexSegment(
    context,
    rows.filter(({ id }) => id <= segment.last),
    segment,
  )
}

/** Rows of queued mail stay as they are. */
export function erase(
  context: StoreContext,
  { person: names, after }: { readonly person: PersonNames; readonly after: number },
  db: Database,
): OperationResults['erase'] {
  const person = personOf(names)
  const rows = context.sql.selectLedgerAfter(after, SEARCHED_ROWS)
  const isQueued = db.prepare<[string], number>('SELECT 1 FROM messages WHERE queue_id = ?').pluck()
  const update = db.prepare('UPDATE ledger SET events = ? WHERE id = ?')
  const segments = new Map<number, { readonly first: number; readonly last: number }>()
  let changed = 0
  for (const { id, queueId, events } of rows) {
    if (!events.toLowerCase().includes(person.hint)) continue
    if (queueId !== null && isQueued.get(queueId) !== undefined) continue
    const kept = forgetPerson(events, person)
    if (kept === null) continue
    changed += update.run(kept, id).changes
    const segment = selectSegmentOf(db, id)
    if (segment) segments.set(segment.first, segment)
  }
  for (const segment of segments.values()) rebuild(context, db, segment)
  return { changed, next: rows.length < SEARCHED_ROWS ? null : (rows.at(-1)?.id ?? null) }
}
