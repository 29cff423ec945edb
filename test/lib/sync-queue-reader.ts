// Reads a queue without waiting, for tests that poll or compare: the same steps as the queue reader of commands.

import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Database } from 'better-sqlite3'
import type { Event } from '../../src/observe/events.ts'
import type { ListedMessage, QueueStats, ShownMessage, TraceRange } from '../../src/queue/contract/queue-reader.ts'
import type { StoredBody } from '../../src/queue/contract/queue.ts'
import type { QueueFilter } from '../../src/queue/contract/recipient-filter.ts'
import { openReadOnly } from '../../src/queue/sqlite/database/database.ts'
import { parseEvents, type ReadResults, type ReadStep, runReadStep } from '../../src/queue/sqlite/store/read-steps.ts'
import { selectUnindexed } from '../../src/queue/sqlite/store/statements/trace-ledger.ts'

export class SyncQueueReader {
  readonly #directory: string
  readonly #db: Database

  constructor(directory: string) {
    this.#directory = directory
    this.#db = openReadOnly(directory)
  }

  list(filter: QueueFilter = {}): ListedMessage[] {
    const all: ListedMessage[] = []
    for (let after: number | null = -1; after !== null; ) {
      const page: ReadResults['list'] = this.#run({ kind: 'list', filter, after })
      for (const message of page.messages) {
        const last = all.at(-1)
        if (last?.queueId === message.queueId)
          all[all.length - 1] = { ...last, recipients: [...last.recipients, ...message.recipients] }
        else all.push(message)
      }
      after = page.next
    }
    return all
  }

  show(queueId: string): ShownMessage | null {
    const content = this.#run({ kind: 'show', queueId })
    const [message] = this.list({ queueIds: [queueId] })
    return content && message ? { ...message, ...content, events: this.trace(queueId) } : null
  }

  trace(subject: string, range: TraceRange = {}): readonly Event[] {
    return this.#run({ kind: 'trace', subject, ...range }).events
  }

  ledger(): Event[] {
    return [...this.events()]
  }

  /** The ledger page by page, for those that are too large to be read at once. */
  *events(): Generator<Event> {
    for (let after: number | null = 0; after !== null; ) {
      const page: ReadResults['ledger'] = this.#run({ kind: 'ledger', after })
      yield* parseEvents(page.events)
      after = page.next
    }
  }

  stats(now = 0): QueueStats {
    return this.#run({ kind: 'stats', now })
  }

  /** Ledger rows that the node has not indexed yet. */
  get unindexed(): number {
    return selectUnindexed(this.#db)
  }

  openBody(body: StoredBody): Readable {
    if (body.kind === 'spool') return createReadStream(join(this.#directory, 'spool', body.file))
    return Readable.from([body.bytes], { objectMode: false })
  }

  close(): void {
    this.#db.close()
  }

  #run<K extends ReadStep['kind']>(step: Extract<ReadStep, { kind: K }>): ReadResults[K] {
    return runReadStep(this.#db, step) as ReadResults[K]
  }
}
