// Takes a queued message with a report: which domain proves it, whether it is about us, whether there is space; then it is stored. The message leaves
// the queue after that. What cannot be read stays in the queue, with the reason.

import type { Readable } from 'node:stream'
import type { Rate } from '../budget/rate.ts'
import type { Clock } from '../lib/clock.ts'
import { createSemaphore } from '../lib/semaphore.ts'
import { readFields } from '../message/header.ts'
import { trustedResults } from '../message/results-field.ts'
import type { Origin } from '../smtp/origin.ts'
import type { OriginalMail } from './report-content.ts'
import { MOST_MESSAGE_OCTETS } from './reading/reading-limits.ts'
import type { NewestReports, OriginalFound } from './store/report-store.ts'
import type { AggregateFacts } from './sending/aggregate-xml.ts'
import type { CountedResult } from './sending/result-tally.ts'
import type { DueReport, ResultsAdded } from './store/result-store.ts'
import type { ReplyTo, ReportSummary, Request, Unavailable } from './thread/report-messages.ts'
import type { ReportThread } from './thread/report-thread.ts'

export interface ReportMessage {
  readonly queueId: string
  /** Unix milliseconds. */
  readonly arrivedAt: number
  readonly origin: Origin
  readonly header: Buffer
  readonly bodySize: number
  readonly openBody: () => Readable
}

export type Taken =
  | {
      readonly kind: 'read'
      readonly summary: ReportSummary
      readonly isNew: boolean
      readonly proven: string | null
      /** Of a complaint. */
      readonly original: OriginalFound | null
    }
  /** The operator decides: the message is held. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly proven: string | null }
  /** Try again later. */
  | { readonly kind: 'unavailable'; readonly cause: string }
  /** Others are being read. */
  | { readonly kind: 'busy' }

export interface TakerSettings {
  readonly authservId: string
  /** Domains, in addition to ours, about which reports are wanted. A reload changes them. */
  readonly domains: () => readonly string[]
  /** Rows of all reports in the store. */
  readonly capacity: number
  /** Different results for the reports of this node. */
  readonly resultCapacity: number
}

export interface TakerPorts {
  readonly thread: ReportThread
  readonly clock: Pick<Clock, 'now'>
  /** True for a domain of ours, and for one above or below it. */
  readonly isOurs: (domain: string) => boolean
  /** Rows by the domain that proves the report. */
  readonly rows: Rate
  /** What the ledger has of the mail of a complaint. Rejects if it cannot be read. */
  readonly findOriginal: (original: OriginalMail) => Promise<OriginalFound | null>
  /** Calls with the number of rows, after each change. */
  readonly counted: (rows: number) => void
}

export interface ReportTaker {
  take(message: ReportMessage): Promise<Taken>
  /** Removes what arrived before, and complaints before another time; returns how many reports, or why not. */
  purge(before: number, complaintsBefore: number): Promise<number | Unavailable>
  /** Opens the file. */
  open(): Promise<{ readonly newest: NewestReports; readonly aside: string | null } | Unavailable>
  readonly results: ResultAccess
}

/** The results for the reports of this node. Every method rejects if the store cannot be used. */
export interface ResultAccess {
  add(results: readonly CountedResult[]): Promise<ResultsAdded>
  due(before: string, limit: number): Promise<readonly DueReport[]>
  write(due: DueReport, facts: Omit<AggregateFacts, 'omitted'>): Promise<Buffer>
  finish(due: DueReport): Promise<void>
}

/** Messages that wait for the one that is read. Others go back to the queue, so that their bodies are not in memory. */
const MOST_WAITING = 8
/** The key of all reports without proof. */
export const UNPROVEN = 'unproven'

export function createReportTaker(settings: TakerSettings, ports: TakerPorts): ReportTaker {
  const turn = createSemaphore(1)
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    const release = await turn.acquire()
    try {
      return await work()
    } finally {
      release()
    }
  }
  const use = async <R extends Request>(request: R): Promise<Exclude<ReplyTo<R>, Unavailable>> => {
    const reply = await alone(() => ports.thread.ask(request))
    if ('lost' in reply) throw new Error(reply.lost)
    if ('unavailable' in reply) throw new Error(reply.unavailable)
    return reply as Exclude<ReplyTo<R>, Unavailable>
  }
  return {
    results: {
      add: (results) => use({ kind: 'add-results', results, capacity: settings.resultCapacity }),
      due: async (before, limit) => (await use({ kind: 'due', before, limit })).due,
      write: async (due, facts) => Buffer.from((await use({ kind: 'write', due, facts })).packed),
      finish: async (due) => void (await use({ kind: 'finish', due })),
    },
    take: async (message) => {
      if (turn.waiting >= MOST_WAITING) return { kind: 'busy' }
      return await alone(() => take(settings, ports, message))
    },
    purge: (before, complaintsBefore) =>
      alone(async () => {
        const reply = await ports.thread.ask({ kind: 'purge', before, complaintsBefore })
        if ('lost' in reply) return { unavailable: reply.lost }
        if ('unavailable' in reply) return reply
        ports.counted(reply.rows)
        return reply.removed
      }),
    open: () =>
      alone(async () => {
        const reply = await ports.thread.ask({ kind: 'open' })
        if ('lost' in reply) return { unavailable: reply.lost }
        if ('rows' in reply) ports.counted(reply.rows)
        return reply
      }),
  }
}

async function take(settings: TakerSettings, ports: TakerPorts, message: ReportMessage): Promise<Taken> {
  const proven = provenDomain(message, settings.authservId)
  const unreadable = (reason: string): Taken => ({ kind: 'unreadable', reason, proven })
  if (message.header.length + message.bodySize > MOST_MESSAGE_OCTETS)
    return unreadable(`the message has more than ${MOST_MESSAGE_OCTETS} octets`)
  const octets = await octetsOf(message)
  if (octets === null) return { kind: 'unavailable', cause: 'the message cannot be read from the spool' }
  const read = await ports.thread.ask({ kind: 'read', message: octets, now: ports.clock.now() })
  if ('lost' in read) return unreadable(`the report cannot be read: ${read.lost}`)
  if (read.kind === 'unreadable') return unreadable(read.reason)
  const { summary } = read
  const stranger = summary.about.find((domain) => !isWanted(domain, settings, ports))
  if (stranger !== undefined)
    return unreadable(`the report is about ${stranger}, which is no domain of ours: add it to reports.domains if it is`)
  if (!ports.rows.take(proven ?? UNPROVEN, summary.rows))
    return { kind: 'unavailable', cause: `${proven ?? 'reports without proof'}: too many records in one day` }
  const original = summary.complaint === null ? null : await foundOriginal(ports, summary.complaint.original)
  if (original && 'cause' in original) return { kind: 'unavailable', cause: original.cause }
  const arrival = { queueId: message.queueId, receivedAt: message.arrivedAt, proven, original }
  const stored = await ports.thread.ask({ kind: 'store', arrival, capacity: settings.capacity })
  if ('lost' in stored) return { kind: 'unavailable', cause: stored.lost }
  if ('unavailable' in stored) return { kind: 'unavailable', cause: stored.unavailable }
  ports.counted(stored.rows)
  if (stored.result.kind === 'full') return { kind: 'unavailable', cause: 'the store of reports is full' }
  return { kind: 'read', summary, isNew: stored.result.isNew, proven, original }
}

function isWanted(domain: string, { domains }: TakerSettings, { isOurs }: TakerPorts): boolean {
  return isOurs(domain) || domains().some((one) => domain === one || domain.endsWith(`.${one}`))
}

async function foundOriginal(
  { findOriginal }: TakerPorts,
  original: OriginalMail,
): Promise<OriginalFound | null | { readonly cause: string }> {
  try {
    return await findOriginal(original)
  } catch (error) {
    return { cause: `the ledger cannot be read: ${(error as Error).message}` }
  }
}

/** The author domain of the message if this node found that DMARC passes: the reporter must send so (RFC 9990 3.5.2). */
export function provenDomain(
  { origin, header }: Pick<ReportMessage, 'origin' | 'header'>,
  authservId: string,
): string | null {
  if (origin.kind !== 'internet') return null
  const found = trustedResults(readFields(header), authservId).find(({ method }) => method === 'dmarc')
  if (found?.result !== 'pass') return null
  return found.properties.find(({ name }) => name === 'header.from')?.value.toLowerCase() ?? null
}

/** Null if the body cannot be read. The array moves to the thread. */
async function octetsOf({ header, openBody }: ReportMessage): Promise<Uint8Array | null> {
  const pieces: Buffer[] = [header]
  try {
    for await (const piece of openBody()) pieces.push(piece as Buffer)
  } catch {
    return null
  }
  const size = pieces.reduce((sum, { length }) => sum + length, 0)
  const all = new Uint8Array(new ArrayBuffer(size))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
