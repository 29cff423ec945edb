// What each check did, and would have done, in a part of the ledger: collected entry by entry, in memory that does not grow with it.

import { siteNetwork } from '../lib/ip-address.ts'
import type { CheckedEvent, Event, RejectedEvent, TimedEvent, WouldRejectEvent } from '../observe/events.ts'
import { checkOfResult } from '../policy/check-table.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { DurationCounts } from './duration-counts.ts'
import { replyForm } from './reply-form.ts'
import { type Counted, TopCounts } from './top-counts.ts'

/** Refusals by what the reply was about. */
export interface Refused {
  /** At the connection, EHLO or AUTH. */
  readonly sessions: number
  /** At MAIL, or at the end of data. */
  readonly messages: number
  readonly recipients: number
}

export interface CheckFigures {
  readonly check: string
  /** Accepted messages that the check looked at, and those that it refused. */
  readonly judged: number
  readonly refused: Refused
  /** In test mode. */
  readonly wouldRefuse: Refused
  /** Part of `refused` and `wouldRefuse` together: temporary replies. */
  readonly temporary: number
  /** Accepted messages with a mark for the recipient. */
  readonly marked: number
  /** Messages for which the check has no answer. */
  readonly unavailable: number
  /** Results of accepted messages, by name. */
  readonly results: Readonly<Record<string, number>>
  /** Milliseconds; 0 is less than one. Null if no time is known. */
  readonly time: { readonly p50: number; readonly p95: number } | null
  /** The most frequent replies, of refusals and of test mode; `…` stands for a value. */
  readonly reasons: readonly Counted[]
  /** Of what would have been refused: the sites of the clients, and the domains of the senders. */
  readonly networks: readonly Counted[]
  readonly senders: readonly Counted[]
}

export interface CheckReport {
  /** Accepted messages. */
  readonly messages: number
  readonly checks: readonly CheckFigures[]
}

const MOST = 5
const marks: ReadonlySet<string> = new Set(['add-header', 'rewrite-subject'])
const noAnswers: ReadonlySet<string> = new Set(['unavailable', 'temperror'])
/** Refusals of one message have an event for each of its first recipients, close together. */
const RECENT = 200

export class CheckReportBuilder {
  readonly #checks = new Map<string, Figures>()
  readonly #recent = new Set<string>()
  #messages = 0

  /** @param events of one entry of the ledger */
  add(events: readonly Event[]): void {
    const seen = new Set<Figures>()
    for (const event of events) {
      // The history of a transferred message: another node judged it.
      if (event.node !== undefined) continue
      if (event.kind === 'received') this.#messages++
      else if (event.kind === 'checked') this.#checked(event, seen)
      else if (event.kind === 'timed') this.#timed(event, seen)
      else if (event.kind === 'would-reject') this.#wouldReject(event, seen)
      else if (event.kind === 'rejected') this.#rejected(event)
    }
    for (const one of seen) one.judged++
  }

  report(): CheckReport {
    const checks = [...this.#checks].map(([check, figures]) => figuresOf(check, figures))
    return { messages: this.#messages, checks: checks.toSorted((a, b) => (a.check < b.check ? -1 : 1)) }
  }

  #of(check: string): Figures {
    const known = this.#checks.get(check)
    if (known) return known
    const created = newFigures()
    this.#checks.set(check, created)
    return created
  }

  #checked({ check: name, result }: CheckedEvent, seen: Set<Figures>): void {
    const check = checkOfResult(name)
    const figures = this.#of(check)
    seen.add(figures)
    const named = check === name ? result : `${name} ${result}`
    figures.results.set(named, (figures.results.get(named) ?? 0) + 1)
    if (marks.has(result)) figures.marked++
    if (noAnswers.has(result)) figures.unavailable++
  }

  #timed({ checks }: TimedEvent, seen: Set<Figures>): void {
    for (const { check, ms, calls = 1 } of checks) {
      const figures = this.#of(check)
      seen.add(figures)
      figures.times.add(ms / calls, calls)
    }
  }

  #wouldReject(event: WouldRejectEvent, seen: Set<Figures>): void {
    const figures = this.#of(event.check)
    if (event.queueId !== null) seen.add(figures)
    const count = event.recipients ?? 1
    const example = event.queueId ?? event.session ?? ''
    figures.wouldRefuse[subjects[event.stage]] += event.stage === 'rcpt' ? count : 1
    note(figures, event, example)
    figures.networks.add(siteNetwork(ipOf(event.remote)), example)
    figures.senders.add(event.sender === null ? '<>' : domainOf(event.sender).toLowerCase(), example)
  }

  #rejected(event: RejectedEvent): void {
    const { check, stage, session = '', reply, ms = 0 } = event
    if (check === undefined) return
    if (stage === 'data' && this.#isKnown(`${session} ${check} ${reply}`)) return
    const figures = this.#of(check)
    figures.refused[subjects[stage]]++
    if (stage === 'data') figures.judged++
    figures.times.add(ms)
    note(figures, event, session)
  }

  #isKnown(key: string): boolean {
    if (this.#recent.has(key)) return true
    if (this.#recent.size >= RECENT) this.#recent.clear()
    this.#recent.add(key)
    return false
  }
}

const subjects = {
  connect: 'sessions',
  helo: 'sessions',
  auth: 'sessions',
  mail: 'messages',
  rcpt: 'recipients',
  data: 'messages',
} as const satisfies Record<RejectedEvent['stage'], keyof Refused>

type Counts = { -readonly [K in keyof Refused]: number }

interface Figures {
  judged: number
  marked: number
  unavailable: number
  temporary: number
  readonly refused: Counts
  readonly wouldRefuse: Counts
  readonly results: Map<string, number>
  readonly times: DurationCounts
  readonly reasons: TopCounts
  readonly networks: TopCounts
  readonly senders: TopCounts
}

function newFigures(): Figures {
  const none = () => ({ sessions: 0, messages: 0, recipients: 0 })
  const counts = { judged: 0, marked: 0, unavailable: 0, temporary: 0, refused: none(), wouldRefuse: none() }
  const tops = { reasons: new TopCounts(), networks: new TopCounts(), senders: new TopCounts() }
  return { ...counts, ...tops, results: new Map(), times: new DurationCounts() }
}

function note(figures: Figures, { reply }: { readonly reply: string }, example: string): void {
  if (reply.startsWith('4')) figures.temporary++
  figures.reasons.add(replyForm(reply), example)
}

/** Of a client such as `mail.example.net[192.0.2.1]`. */
function ipOf(remote: string): string {
  return /\[([^\]]+)\]$/.exec(remote)?.[1] ?? remote
}

function figuresOf(check: string, { times, results, reasons, networks, senders, ...counts }: Figures): CheckFigures {
  // A message in the history of which the check has no time took less than a millisecond.
  if (times.total > 0 && counts.judged > times.total) times.add(0, counts.judged - times.total)
  return {
    check,
    ...counts,
    results: Object.fromEntries([...results].toSorted(([, a], [, b]) => b - a)),
    time: times.total === 0 ? null : { p50: times.percentile(0.5), p95: times.percentile(0.95) },
    reasons: reasons.top(MOST),
    networks: networks.top(MOST),
    senders: senders.top(MOST),
  }
}
