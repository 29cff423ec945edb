// The source of a transfer in the process of a command, beside its node or while the node is stopped.

import { createReadStream, statSync } from 'node:fs'
import { inlineStream } from '../contract/stored-body.ts'
import type { Readable } from 'node:stream'
import type { Database } from 'better-sqlite3'
import type { Random } from '../../lib/random.ts'
import type { DirectStore } from '../sqlite/direct-store.ts'
import type { TransferSourceQueue, PendingTransfer, TransferredMessage } from '../contract/queue-transfer.ts'
import type { StoredBody } from '../contract/queue.ts'
import type { LedgerRow } from '../sqlite/store/statements/ledger-rows.ts'
import { selectPendingTransfers } from '../sqlite/store/statements/transfer-source-rows.ts'
import { selectMessage, selectMessageFacts } from '../sqlite/store/statements/message-rows.ts'
import { selectLedgerOf } from '../sqlite/store/statements/trace-ledger.ts'
import { selectTransferred } from '../sqlite/store/statements/transfer-rows.ts'
import { decodeTransfer } from './transferred-message.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'

/** Octets of a token: unique, and not to be guessed. */
const TOKEN_OCTETS = 18

export interface TransferSourcePorts {
  readonly now: () => number
  readonly random: Random
}

function prepare(db: Database) {
  return {
    pending: selectPendingTransfers(db),
    message: selectMessage(db),
    facts: selectMessageFacts(db),
    recipients: selectTransferred(db),
  }
}

export class TransferSource implements TransferSourceQueue {
  readonly #store: DirectStore
  readonly #sql: ReturnType<typeof prepare>
  readonly #ports: TransferSourcePorts
  readonly identity: string
  readonly #histories = new Map<number, LedgerRow[]>()
  #after = -1

  constructor(store: DirectStore, ports: TransferSourcePorts) {
    this.#store = store
    this.#sql = prepare(store.database)
    this.#ports = ports
    this.identity = store.step({ kind: 'identity' }, ports.now())
  }

  pendingTransfers(): PendingTransfer[] {
    const all = this.#sql.pending()
    this.#fetchHistories(all)
    return all
  }

  beginTransfers(request: {
    readonly target: string
    readonly address: string
    readonly count: number
  }): PendingTransfer[] {
    const { target, address, count } = request
    const tokens = Array.from({ length: count }, () => this.#ports.random(TOKEN_OCTETS).toString('base64url'))
    const step = { kind: 'begin', target, address, tokens, after: this.#after } as const
    const messages = this.#store.step(step, this.#ports.now())
    this.#after = messages.at(-1) ?? this.#after
    const frozen = messages.map((message, place) => ({ message, token: tokens[place] as string, target, address }))
    this.#fetchHistories(frozen)
    return frozen
  }

  restart(): void {
    this.#after = -1
  }

  queueIdOf({ message }: PendingTransfer): string {
    return this.#sql.facts(message)?.queueId ?? ''
  }

  readMessage(transfer: PendingTransfer, node: string): TransferredMessage {
    const { message: id } = transfer
    const message = this.#sql.message(id)
    if (!message) throw new QueueUnavailable('failing', `message ${id} was removed during its transfer`)
    if (!this.#histories.has(id)) this.#fetchHistories([transfer])
    const history = this.#histories.get(id) ?? []
    return decodeTransfer({ message, recipients: this.#sql.recipients(id), history, node })
  }

  /** Throws QueueUnavailable if the body is missing or damaged. */
  openBody(body: StoredBody): Readable {
    if (body.kind === 'inline') return inlineStream(body.bytes)
    const path = this.#store.spoolPath(body.file)
    const size = statSync(path, { throwIfNoEntry: false })?.size
    if (size !== body.size) throw new QueueUnavailable('failing', `the body ${path} is missing or damaged`)
    return createReadStream(path)
  }

  commitTransfers(tokens: readonly string[], to: { readonly name: string; readonly by: string }): void {
    this.#store.step({ kind: 'commit', tokens, to: to.name, by: to.by }, this.#ports.now())
  }

  abortTransfers(tokens: readonly string[]): void {
    this.#store.step({ kind: 'abort', tokens }, this.#ports.now())
  }

  countMessages(): { readonly messages: number; readonly attempting: number } {
    const number = (sql: string) => this.#store.database.prepare(sql).pluck().get() as number
    return {
      messages: number('SELECT count(*) FROM messages'),
      attempting: number('SELECT count(DISTINCT id >> 16) FROM recipients WHERE state = 2'),
    }
  }

  /** Reads a batch at once, because a look-up in the ledger's index reads a whole part of it. Frozen messages get no new events. */
  #fetchHistories(batch: readonly PendingTransfer[]): void {
    this.#histories.clear()
    const ids = new Map(batch.map((one) => [this.queueIdOf(one), one.message]))
    for (const row of selectLedgerOf(this.#store.database, [...ids.keys()])) {
      const message = ids.get(row.queueId ?? '') as number
      const known = this.#histories.get(message)
      if (known) known.push(row)
      else this.#histories.set(message, [row])
    }
  }

  close(): void {
    this.#store.close()
  }
}
