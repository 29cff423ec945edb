// The target of a transfer in the process of a command, beside its node or while the node is stopped. Bodies go into a spool folder that the
// node's sweep leaves alone for a day, because the rows of its files may not be committed yet.

import type { Random } from '../../lib/random.ts'
import { contentParts } from '../contract/stored-body.ts'
import type { DirectStore } from '../sqlite/direct-store.ts'
import type { TransferTargetQueue, TransferAnswer, TransferRequest } from '../contract/queue-transfer.ts'
import type { SpoolFile } from '../contract/queue.ts'
import { Spool } from '../sqlite/spool/spool.ts'
import { FOREIGN_FOLDER } from '../sqlite/spool/spool-sweep.ts'
import { encodeTransfer } from './transferred-message.ts'

export class TransferTarget implements TransferTargetQueue {
  readonly #store: DirectStore
  readonly #spool: Spool
  readonly #now: () => number

  constructor(store: DirectStore, ports: { readonly now: () => number; readonly random: Random }) {
    this.#store = store
    this.#now = ports.now
    this.#spool = new Spool(store.spoolPath(''), ports.random, { folder: FOREIGN_FOLDER, space: null })
  }

  async identity(): Promise<string> {
    return this.#store.step({ kind: 'identity' }, this.#now())
  }

  async acceptTransfer({ token, from, message }: TransferRequest): Promise<TransferAnswer> {
    const octets = Buffer.concat(contentParts(message))
    return this.#store.step({ kind: 'accept', token, from, message: encodeTransfer(message, 0) }, this.#now(), octets)
  }

  async refuseTransfer(token: string): Promise<'accepted' | 'refused'> {
    return this.#store.step({ kind: 'refuse', token }, this.#now())
  }

  createSpoolFile(): Promise<SpoolFile> {
    return this.#spool.create()
  }

  close(): void {
    this.#store.close()
  }
}
