// The proof about a node's data folder after its end: the ledger is complete, agrees with what clients know and with the metrics of the last
// process, the queue is empty, and the database is whole.

import { globSync } from 'node:fs'
import { join } from 'node:path'
import type { Event, EventKind } from '../../src/observe/events.ts'
import { openReadOnly } from '../../src/queue/sqlite/database/database.ts'
import { ledgerEnds } from '../lib/ledger-ends.ts'
import { SyncQueueReader } from '../lib/sync-queue-reader.ts'
import { metricSum } from './metric-text.ts'
import type { Outcomes } from './outcomes.ts'
import { textHash } from './seeded-random.ts'

export interface LedgerReading {
  readonly broken: readonly string[]
  readonly facts: LedgerFacts
  /** How often the node accepted each message. */
  readonly accepted: Uint8Array
  /** When it accepted the messages of `wanted`, by the hash of the queue ID, unix ms. */
  readonly receivedAt: ReadonlyMap<number, number>
}

export interface LedgerFacts {
  readonly events: number
  /** Recipients that were accepted, each of which must have one end. */
  readonly recipients: number
  /** Octets of the database: the ledger with its index, and everything else, which must not grow with the mail. */
  readonly ledgerOctets: number
  readonly queueOctets: number
  /** What the metrics and the ledger counted in the life of the last process. */
  readonly compared: readonly Comparison[]
}

export interface Comparison {
  readonly metric: string
  readonly counted: number
  readonly recorded: number
}

export interface LedgerQuestion {
  readonly name: string
  readonly data: string
  readonly messages: number
  /** The start of the last process, unix ms, and its metrics at the end of the soak. */
  readonly since: number
  readonly metrics: string | null
  /** Hashes of queue IDs. */
  readonly wanted: ReadonlySet<number>
}

/** The counters and the events that they count. */
const COUNTED: readonly (readonly [metric: string, kinds: readonly EventKind[]])[] = [
  ['waypost_messages_received_total', ['received']],
  ['waypost_recipients_resolved_total', ['resolved']],
  ['waypost_recipients_delivered_total', ['delivered']],
  ['waypost_delivery_attempts_total', ['delivered', 'deferred', 'failed', 'expired']],
  ['waypost_checks_total', ['checked']],
  ['waypost_notices_total', ['notified']],
]
const REPORTED = 100
/** What the database may have beside the ledger, octets: pages of the largest backlog that a fault of some seconds causes, which SQLite keeps. */
const MOST_QUEUE_OCTETS = 64 * 2 ** 20

export function readLedger({ name, data, messages, since, metrics, wanted }: LedgerQuestion): LedgerReading {
  const directory = join(data, 'queue')
  const reader = new SyncQueueReader(directory)
  const ends = ledgerEnds()
  const accepted = new Uint8Array(messages)
  const receivedAt = new Map<number, number>()
  const kinds = new Map<EventKind, number>()
  let events = 0
  for (const event of reader.events()) {
    events += 1
    ends.see(event)
    if (event.at >= since) kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1)
    if (event.kind !== 'received') continue
    const number = soakNumber(event)
    if (number !== null && number < messages) accepted[number] = (accepted[number] ?? 0) + 1
    const hash = textHash(event.queueId ?? '')
    if (wanted.has(hash)) receivedAt.set(hash, event.at)
  }
  const queued = reader.stats().messages
  reader.close()
  const compared = COUNTED.map(([metric, counted]) => ({
    metric,
    counted: metricSum(metrics, metric),
    recorded: counted.reduce((sum, kind) => sum + (kinds.get(kind) ?? 0), 0),
  }))
  const sizes = sizesOf(directory)
  const broken = [
    ...ends.broken().slice(0, REPORTED),
    ...compared.filter(differs).map((one) => `${one.metric} is ${one.counted}, the ledger has ${one.recorded}`),
    ...(queued > 0 ? [`${queued} messages are left in the queue`] : []),
    ...globSync('spool/*/*', { cwd: directory }).map((file) => `${file} is left over`),
    ...(sizes.queueOctets > MOST_QUEUE_OCTETS ? [`the queue has ${sizes.queueOctets} octets beside the ledger`] : []),
    ...integrity(directory),
  ].map((one) => `${name}: ${one}`)
  return { broken, facts: { events, recipients: ends.accepted, ...sizes, compared }, accepted, receivedAt }
}

/** Compares the messages that the mx accepted with what clients know: one for each 250, and at most one more for each doubt. */
export function judgeAcceptance(accepted: Uint8Array, outcomes: Outcomes): string[] {
  const broken: string[] = []
  for (const [number, count] of accepted.entries()) {
    const least = outcomes.state(number) === 'accepted' ? 1 : 0
    const most = least + outcomes.doubts(number)
    if (count < least || count > most)
      broken.push(`mx: message ${number} was accepted ${count} times by the ledger, by the client ${least} to ${most}`)
  }
  return broken.slice(0, REPORTED)
}

function differs({ counted, recorded }: Comparison): boolean {
  return counted !== recorded && !(Number.isNaN(counted) && recorded === 0)
}

function soakNumber(event: Event & { kind: 'received' }): number | null {
  const found = /^<(\d+)\.soak@/.exec(event.messageId ?? '')
  return found ? Number(found[1]) : null
}

/** https://www.sqlite.org/dbstat.html */
function sizesOf(directory: string): Pick<LedgerFacts, 'ledgerOctets' | 'queueOctets'> {
  const db = openReadOnly(directory)
  const sum = (where: string) => Number(db.prepare(`SELECT total(pgsize) FROM dbstat WHERE ${where}`).pluck().get())
  const ledgerOctets = sum("name IN (SELECT name FROM sqlite_schema WHERE tbl_name IN ('ledger', 'ledger_index'))")
  const whole = Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true }))
  db.close()
  return { ledgerOctets, queueOctets: whole - ledgerOctets }
}

/** https://www.sqlite.org/pragma.html#pragma_integrity_check */
function integrity(directory: string): string[] {
  const db = openReadOnly(directory)
  const found = db.pragma('integrity_check', { simple: true })
  db.close()
  return found === 'ok' ? [] : [`integrity_check: ${String(found)}`]
}
