// Room queue: the giving side of a hand-over, in the process of a command, beside its node or instead of it.

import { createReadStream, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { Random } from '../lib/random.ts'
import type { DirectStore } from './direct-store.ts'
import type { DepartingQueue, Leaving, TransferredMessage } from './handover.ts'
import type { StoredBody } from './queue.ts'
import { selectLeaving, selectTransferred } from './statements/handover.ts'
import { selectMessage, selectMessageFacts } from './statements/select-message.ts'
import { selectLedgerOf } from './statements/trace-ledger.ts'
import { decodeTransfer } from './transfer.ts'
import { QueueUnavailable } from './unavailable.ts'

/** Octets of a token: nobody can guess one, and no two are alike. */
const TOKEN_OCTETS = 18

export interface DepartingPorts {
  readonly now: () => number
  readonly random: Random
}

export class Departing implements DepartingQueue {
  readonly #store: DirectStore
  readonly #ports: DepartingPorts
  readonly identity: string
  #after = -1

  constructor(store: DirectStore, ports: DepartingPorts) {
    this.#store = store
    this.#ports = ports
    this.identity = store.step({ kind: 'identity' }, ports.now())
  }

  leaving(): Leaving[] {
    return selectLeaving(this.#store.database)
  }

  leave(request: { readonly target: string; readonly address: string; readonly count: number }): Leaving[] {
    const { target, address, count } = request
    const tokens = Array.from({ length: count }, () => this.#ports.random(TOKEN_OCTETS).toString('base64url'))
    const step = { kind: 'leave', target, address, tokens, after: this.#after } as const
    const messages = this.#store.step(step, this.#ports.now())
    this.#after = messages.at(-1) ?? this.#after
    return messages.map((message, place) => ({ message, token: tokens[place] as string, target, address }))
  }

  rewind(): void {
    this.#after = -1
  }

  queueIdOf({ message }: Leaving): string {
    return selectMessageFacts(this.#store.database)(message)?.queueId ?? ''
  }

  read({ message: id }: Leaving, node: string): TransferredMessage {
    const db = this.#store.database
    const message = selectMessage(db)(id)
    if (!message) throw new QueueUnavailable('failing', `message ${id} left the queue while it was handed over`)
    const history = selectLedgerOf(db, message.queueId)
    return decodeTransfer({ message, recipients: selectTransferred(db, id), history, node })
  }

  /** Throws QueueUnavailable if the disk lost the body. */
  openBody(body: StoredBody): Readable {
    if (body.kind === 'inline') return Readable.from(body.bytes.length > 0 ? [body.bytes] : [], { objectMode: false })
    const path = this.#store.spoolPath(body.file)
    const size = statSync(path, { throwIfNoEntry: false })?.size
    if (size !== body.size) throw new QueueUnavailable('failing', `its body ${path} is missing or damaged`)
    return createReadStream(path)
  }

  left(tokens: readonly string[], to: { readonly name: string; readonly by: string }): void {
    this.#store.step({ kind: 'left', tokens, to: to.name, by: to.by }, this.#ports.now())
  }

  stay(tokens: readonly string[]): void {
    this.#store.step({ kind: 'stay', tokens }, this.#ports.now())
  }

  count(): { readonly messages: number; readonly underWay: number } {
    const number = (sql: string) => this.#store.database.prepare(sql).pluck().get() as number
    return {
      messages: number('SELECT count(*) FROM messages'),
      underWay: number('SELECT count(DISTINCT id >> 16) FROM recipients WHERE state = 2'),
    }
  }

  close(): void {
    this.#store.close()
  }
}
