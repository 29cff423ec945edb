// A queue reader over read steps: in the store worker for the daemon, on a read-only connection for a command.

import type { Readable } from 'node:stream'
import type { Event } from '../../observe/events.ts'
import type {
  LedgerRange,
  ListedMessage,
  ListPage,
  Quarantined,
  QueueOverview,
  QueueReader,
  QueueStats,
  ShownMessage,
  Trace,
  TraceRange,
} from '../contract/queue-reader.ts'
import type { StoredBody } from '../contract/queue.ts'
import type { QueueFilter } from '../contract/recipient-filter.ts'
import { parseEvents, type ReadResults, type ReadStep, type ShownContent } from './store/read-steps.ts'

export interface ReaderPorts {
  readonly run: <K extends ReadStep['kind']>(step: Extract<ReadStep, { kind: K }>) => Promise<ReadResults[K]>
  readonly openBody: (body: StoredBody) => Readable
  /** Unix ms. */
  readonly now: () => number
}

/** Steps of one part of a listing: a quarter of a second in a queue of a hundred thousand recipients that the filter does not fit. */
const PAGE_STEPS = 100
/** Steps of a look for the oldest messages: two hundred thousand recipients. */
const OLDEST_STEPS = 40

export class SqliteQueueReader implements QueueReader {
  readonly #ports: ReaderPorts

  constructor(ports: ReaderPorts) {
    this.#ports = ports
  }

  async *list(filter: QueueFilter = {}): AsyncGenerator<ListedMessage> {
    let open = null as ListedMessage | null
    for (let after: number | null = -1; after !== null; ) {
      const page: ReadResults['list'] = await this.#ports.run({ kind: 'list', filter, after })
      for (const message of page.messages) {
        if (open?.queueId === message.queueId) {
          open = { ...open, recipients: [...open.recipients, ...message.recipients] }
          continue
        }
        if (open) yield open
        open = message
      }
      after = page.next
    }
    if (open) yield open
  }

  async page(
    filter: QueueFilter,
    { after, limit }: { readonly after: number | null; readonly limit: number },
  ): Promise<ListPage> {
    const messages: ListedMessage[] = []
    let next = after ?? -1
    let left = limit
    for (let step = 0; step < PAGE_STEPS && left > 0; step++) {
      const part: ReadResults['list'] = await this.#ports.run({ kind: 'list', filter, after: next, limit: left })
      for (const message of part.messages) {
        const last = messages.at(-1)
        if (last?.queueId === message.queueId)
          messages[messages.length - 1] = { ...last, recipients: [...last.recipients, ...message.recipients] }
        else messages.push(message)
        left -= message.recipients.length
      }
      if (part.next === null) return { messages, next: null }
      next = part.next
    }
    return { messages, next }
  }

  async oldest(nextHops: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>()
    let after: number | null = -1
    for (let step = 0; step < OLDEST_STEPS && after !== null; step++) {
      const left = nextHops.filter((one) => !found.has(one))
      if (left.length === 0) break
      const part: ReadResults['oldest'] = await this.#ports.run({ kind: 'oldest', after, nextHops: left })
      for (const [nextHop, at] of part.found) found.set(nextHop, at)
      after = part.next
    }
    return found
  }

  overview(): Promise<QueueOverview> {
    return this.#ports.run({ kind: 'overview' })
  }

  async show(queueId: string): Promise<ShownMessage | null> {
    const content: ShownContent | null = await this.#ports.run({ kind: 'show', queueId })
    const [message] = await Array.fromAsync(this.list({ queueIds: [queueId] }))
    if (!content || !message) return null
    const { parameters, senderProven } = content
    const { events } = await this.trace(queueId)
    const [header, body] = [Buffer.from(content.header), withBuffer(content.body)]
    return { ...message, parameters, senderProven, header, body, events }
  }

  trace(subject: string, range: TraceRange = {}): Promise<Trace> {
    return this.#ports.run({ kind: 'trace', subject, ...range })
  }

  async *ledger(range: LedgerRange = {}): AsyncGenerator<readonly Event[]> {
    for (let after: number | null = 0; after !== null; ) {
      const page: ReadResults['ledger'] = await this.#ports.run({ kind: 'ledger', after, ...range })
      for (const entry of page.events) yield parseEvents([entry])
      after = page.next
    }
  }

  stats(): Promise<QueueStats> {
    return this.#ports.run({ kind: 'stats', now: this.#ports.now() })
  }

  quarantined(): Promise<Quarantined> {
    return this.#ports.run({ kind: 'quarantined' })
  }

  waitingFor(nextHop: string): Promise<number> {
    return this.#ports.run({ kind: 'waiting-for', nextHop })
  }

  openBody(body: StoredBody): Readable {
    return this.#ports.openBody(body)
  }
}

/** Octets lose their class on the way from the worker. */
function withBuffer(body: StoredBody): StoredBody {
  return body.kind === 'inline' ? { kind: 'inline', bytes: Buffer.from(body.bytes) } : body
}
