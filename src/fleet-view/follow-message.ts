// Follows one message through the nodes of the fleet by the queue IDs that they exchange: back to the node that sent it, on to the nodes that
// accepted it, to the DSNs about it, and to the bounces that came back to its rewritten sender. A node that does not answer is named once and
// not asked again; what a node says counts only for the queue ID that it was asked about.

import type { Event, ReceivedEvent } from '../observe/events.ts'
import { acceptedAs } from './accepted-as.ts'
import type { Told, TraceSource } from './trace-source.ts'

/**
 * `asked`: the message itself. `before`, `after`: the same message at other nodes. `dsn`: a notification about it. `returned`: a bounce to its
 * rewritten sender, which may be about another message of that sender on the same day.
 */
export type HopRelation = 'asked' | 'before' | 'after' | 'dsn' | 'returned'

export interface Hop {
  /** The node that says it. */
  readonly node: string
  readonly queueId: string
  readonly relation: HopRelation
  /** Oldest first. */
  readonly events: readonly Event[]
  /** The node has more events than it may send. */
  readonly hasMore: boolean
}

export interface FleetTrace {
  /** In the order of their first events, by the clocks of the nodes. */
  readonly hops: readonly Hop[]
  readonly problems: readonly { readonly node: string; readonly cause: string }[]
  /** There was more to follow than one trace may. */
  readonly isCut: boolean
}

/** Messages of one trace: two nodes, a DSN and some copies need fewer. */
const MOST_MESSAGES = 24

/** @param isOver true when the time is over; what was not asked by then is left out, and `isCut` says so */
export async function followMessage(
  queueId: string,
  sources: readonly TraceSource[],
  isOver: () => boolean = () => false,
): Promise<FleetTrace> {
  const walk = new Walk(sources, isOver)
  walk.add(queueId, 'asked')
  await walk.all()
  return walk.trace()
}

class Walk {
  readonly #sources: readonly TraceSource[]
  readonly #waiting: { readonly queueId: string; readonly relation: HopRelation }[] = []
  readonly #seen = new Set<string>()
  readonly #returnedTo = new Set<string>()
  readonly #problems = new Map<string, string>()
  /** Nodes that are not asked again. */
  readonly #silent = new Set<string>()
  readonly #isOver: () => boolean
  readonly #hops: Hop[] = []
  #isCut = false

  constructor(sources: readonly TraceSource[], isOver: () => boolean) {
    this.#sources = sources
    this.#isOver = isOver
  }

  add(queueId: string, relation: HopRelation): void {
    if (this.#seen.has(queueId)) return
    if (this.#seen.size >= MOST_MESSAGES) {
      this.#isCut = true
      return
    }
    this.#seen.add(queueId)
    this.#waiting.push({ queueId, relation })
  }

  async all(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
      await this.#visit(next.queueId, next.relation)
  }

  trace(): FleetTrace {
    return {
      hops: this.#hops.toSorted((a, b) => (a.events[0]?.at ?? 0) - (b.events[0]?.at ?? 0)),
      problems: [...this.#problems].map(([node, cause]) => ({ node, cause })),
      isCut: this.#isCut,
    }
  }

  async #visit(queueId: string, relation: HopRelation): Promise<void> {
    const answers = await this.#askAll((source) => source.message(queueId))
    for (const { source, value } of answers) {
      if (value.events.length === 0) continue
      const node = value.node === source.name || value.node === '' ? source.name : `${source.name} (${value.node})`
      this.#hops.push({ node, queueId, relation, events: value.events, hasMore: value.hasMore })
      await this.#follow(queueId, relation, value.events)
    }
  }

  /** What comes before and after a message that was found. */
  async #follow(queueId: string, relation: HopRelation, events: readonly Event[]): Promise<void> {
    for (const event of events) {
      const next = acceptedAs(event)
      // Notifications and bounces have their own next hops, which belong to them.
      if (next !== null) this.add(next, relation === 'asked' || relation === 'before' ? 'after' : relation)
      if (event.kind === 'notified' && event.dsn !== null) this.add(event.dsn, 'dsn')
      if (event.kind === 'received' && event.origin.startsWith('peer')) {
        const before = await this.#askSenders(queueId, event, events)
        for (const id of before) this.add(id, relation === 'asked' || relation === 'after' ? 'before' : relation)
      }
      if (event.kind === 'resolved' && event.reversePath !== null) await this.#followBounces(event.reversePath)
    }
  }

  /** The same message at the nodes that sent it, by its Message-ID, or by a recipient and the time if it has none. */
  async #askSenders(
    queueId: string,
    { messageId, at }: ReceivedEvent,
    events: readonly Event[],
  ): Promise<readonly string[]> {
    if (messageId !== null) {
      const told = await this.#askAll((source) => source.sentAs(queueId, { messageId }))
      return told.flatMap(({ value }) => value)
    }
    const recipient = events.find((event) => event.kind === 'resolved')?.original
    if (recipient === undefined) return []
    // A node of an earlier release does not know the question, and is asked the others.
    const told = await this.#askAll((source) => source.sentAs(queueId, { recipient, at }), { isOptional: true })
    return told.flatMap(({ value }) => value)
  }

  async #followBounces(reversePath: string): Promise<void> {
    if (!/^SRS[01][-+=]/i.test(reversePath) || this.#returnedTo.has(reversePath)) return
    this.#returnedTo.add(reversePath)
    const bounces = await this.#askAll((source) => source.returned(reversePath))
    for (const { value } of bounces) for (const id of value) this.add(id, 'returned')
  }

  /** Asks every node that has answered so far, all at once. An optional question does not stop the others. */
  async #askAll<T>(
    ask: (source: TraceSource) => Promise<Told<T>>,
    { isOptional = false } = {},
  ): Promise<readonly { readonly source: TraceSource; readonly value: T }[]> {
    if (this.#isOver()) {
      this.#isCut = true
      return []
    }
    const answers = await Promise.all(
      this.#sources
        .filter(({ name }) => !this.#silent.has(name))
        .map(async (source) => ({ source, answer: await ask(source) })),
    )
    return answers.flatMap(({ source, answer }) => {
      if (answer.kind === 'answer') return [{ source, value: answer.value }]
      this.#problems.set(source.name, answer.cause)
      if (!isOptional) this.#silent.add(source.name)
      return []
    })
  }
}
