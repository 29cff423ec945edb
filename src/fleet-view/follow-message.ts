// Follows one message through the nodes of the fleet by the queue IDs that they exchange: back to the node that sent it, on to the nodes that
// accepted it, to the DSNs about it, and to the bounces that came back to its rewritten sender. A node that does not answer is named once and
// not asked again; what a node says counts only for the queue ID that it was asked about.

import type { Event } from '../observe/events.ts'
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

export async function followMessage(queueId: string, sources: readonly TraceSource[]): Promise<FleetTrace> {
  const walk = new Walk(sources)
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
  readonly #hops: Hop[] = []
  #isCut = false

  constructor(sources: readonly TraceSource[]) {
    this.#sources = sources
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
      if (event.kind === 'received' && event.origin.startsWith('peer') && event.messageId !== null) {
        const { messageId } = event
        const before = await this.#askAll((source) => source.sentAs(queueId, messageId))
        for (const { value } of before)
          for (const id of value) this.add(id, relation === 'asked' || relation === 'after' ? 'before' : relation)
      }
      if (event.kind === 'resolved' && event.reversePath !== null) await this.#followBounces(event.reversePath)
    }
  }

  async #followBounces(reversePath: string): Promise<void> {
    if (!/^SRS[01][-+=]/i.test(reversePath) || this.#returnedTo.has(reversePath)) return
    this.#returnedTo.add(reversePath)
    const bounces = await this.#askAll((source) => source.returned(reversePath))
    for (const { value } of bounces) for (const id of value) this.add(id, 'returned')
  }

  /** Asks every node that has answered so far, all at once. */
  async #askAll<T>(
    ask: (source: TraceSource) => Promise<Told<T>>,
  ): Promise<readonly { readonly source: TraceSource; readonly value: T }[]> {
    const answers = await Promise.all(
      this.#sources
        .filter(({ name }) => !this.#problems.has(name))
        .map(async (source) => ({ source, answer: await ask(source) })),
    )
    return answers.flatMap(({ source, answer }) => {
      if (answer.kind === 'answer') return [{ source, value: answer.value }]
      this.#problems.set(source.name, answer.cause)
      return []
    })
  }
}
