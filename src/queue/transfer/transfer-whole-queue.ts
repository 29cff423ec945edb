// Transfers a whole queue to a receiver, exactly once: first what earlier runs left pending, then every message without a running attempt, then
// the others as their attempts end. An interrupted run is completed by the next one.

import type { Clock } from '../../lib/clock.ts'
import type { TransferSourceQueue, PendingTransfer } from '../contract/queue-transfer.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'
import type { ReceiverAnswer, ReceiverIdentity, Receiver } from './receiver.ts'

export interface TransferSettings {
  /** Name of this node, for the history of the messages. */
  readonly node: string
  /** Name of the operator, for the ledger. */
  readonly by: string
  /** Address of the receiver, for the ledger and for a later run that has to ask it again. */
  readonly address: string
  /** Total time to wait for running attempts and for a receiver that does not answer, ms. */
  readonly patienceMs: number
}

export interface TransferReport {
  /** Name of the receiving node; null if it was not reached. */
  readonly to: string | null
  readonly moved: number
  /** Messages that were not accepted and are as before. */
  readonly remaining: readonly { readonly queueId: string; readonly reason: string }[]
  /** Messages that were not offered because an attempt is running. */
  readonly attempting: number
  /** Frozen messages: the receiver did not answer and may have them. */
  readonly unanswered: number
  /** Why the run ended early, or null. */
  readonly error: string | null
}

/** Messages frozen at once: a crash leaves at most this many pending. */
const BATCH = 100
/** Concurrent offers: they share the receiver's commits. */
const OFFERS = 32
/** Pause between two tries, ms. */
const PAUSE_MS = 500

export async function transferWholeQueue(
  parts: { readonly from: TransferSourceQueue; readonly to: Receiver; readonly clock: Clock },
  settings: TransferSettings,
): Promise<TransferReport> {
  const identified = await parts.to.identify()
  if (identified.kind === 'error') return notStarted(parts.from, identified.cause)
  if (identified.value.queue === parts.from.identity) return notStarted(parts.from, 'the target is this queue')
  const run = new Run(parts, settings, identified.value)
  await run.all()
  return run.report()
}

function notStarted(from: TransferSourceQueue, error: string): TransferReport {
  const unanswered = from.pendingTransfers().length
  return { to: null, moved: 0, remaining: [], attempting: from.countMessages().attempting, unanswered, error }
}

class Run {
  readonly #from: TransferSourceQueue
  readonly #to: Receiver
  readonly #clock: Clock
  readonly #settings: TransferSettings
  readonly #receiver: ReceiverIdentity
  readonly #deadline: number
  readonly #remaining = new Map<number, { queueId: string; reason: string }>()
  #moved = 0
  #error: string | null = null
  /** Tokens of the batch that the receiver accepted, and that it will never accept. */
  #accepted: string[] = []
  #returned: string[] = []

  constructor(
    parts: { readonly from: TransferSourceQueue; readonly to: Receiver; readonly clock: Clock },
    settings: TransferSettings,
    receiver: ReceiverIdentity,
  ) {
    this.#from = parts.from
    this.#to = parts.to
    this.#clock = parts.clock
    this.#settings = settings
    this.#receiver = receiver
    this.#deadline = parts.clock.monotonic() + settings.patienceMs
  }

  async all(): Promise<void> {
    this.#from.restart()
    const target = this.#receiver.queue
    const left = this.#from.pendingTransfers()
    await this.#transferBatch(
      left.filter((one) => one.target === target),
      true,
    )
    while (this.#error === null) {
      await this.#transferMovable(target)
      if (this.#error !== null || this.#from.countMessages().attempting === 0 || this.#isLate()) break
      await this.#clock.sleep(PAUSE_MS)
      this.#from.restart()
    }
    if (left.some((one) => one.target !== target))
      this.#error ??= 'some messages are frozen for another node; use --abort to release them'
  }

  report(): TransferReport {
    return {
      to: this.#receiver.name,
      moved: this.#moved,
      remaining: [...this.#remaining.values()],
      attempting: this.#from.countMessages().attempting,
      unanswered: this.#from.pendingTransfers().length,
      error: this.#error,
    }
  }

  async #transferMovable(target: string): Promise<void> {
    while (this.#error === null) {
      const batch = this.#from.beginTransfers({ target, address: this.#settings.address, count: BATCH })
      if (batch.length === 0) return
      // A message that was refused in this run is not offered again.
      const again = batch.filter(({ message }) => this.#remaining.has(message))
      if (again.length > 0) this.#from.abortTransfers(again.map(({ token }) => token))
      await this.#transferBatch(
        batch.filter(({ message }) => !this.#remaining.has(message)),
        false,
      )
    }
  }

  /** `offered`: an earlier run may have offered the batch. */
  async #transferBatch(batch: readonly PendingTransfer[], offered: boolean): Promise<void> {
    const rest = [...batch]
    const worker = async () => {
      for (let one = rest.shift(); one; one = rest.shift()) await this.#transferOne(one, offered)
    }
    await Promise.all(Array.from({ length: OFFERS }, worker))
    const { name } = this.#receiver
    const { address, by } = this.#settings
    if (this.#accepted.length > 0) this.#from.commitTransfers(this.#accepted, { name: `${name} (${address})`, by })
    if (this.#returned.length > 0) this.#from.abortTransfers(this.#returned)
    this.#moved += this.#accepted.length
    this.#accepted = []
    this.#returned = []
  }

  async #transferOne(one: PendingTransfer, offered: boolean): Promise<void> {
    // Never offered: the receiver cannot have it.
    if (this.#error !== null && !offered) return void this.#returned.push(one.token)
    try {
      await this.#offer(one)
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) throw error
      await this.#cancel(one, error.message)
    }
  }

  async #offer(one: PendingTransfer): Promise<void> {
    const { token, target } = one
    const message = this.#from.readMessage(one, this.#settings.node)
    const offer = { token, target, from: this.#settings.node, message, openBody: this.#from.openBody.bind(this.#from) }
    const got = await this.#retry(() => this.#to.offer(offer))
    if (got.kind === 'error') {
      if (got.concerns === 'receiver') this.#error ??= got.cause
      return this.#cancel(one, got.cause)
    }
    if (got.value === 'accepted' || got.value === 'repeated') this.#accepted.push(token)
    else if (got.value === 'refused') this.#keep(one, 'the transfer was cancelled before')
    else await this.#cancel(one, `${this.#receiver.name} already has a message with this queue ID`)
  }

  /** Only the receiver can confirm that it will never accept the message. */
  async #cancel(one: PendingTransfer, reason: string): Promise<void> {
    const got = await this.#to.refuse({ token: one.token, target: one.target })
    if (got.kind === 'error') this.#error ??= got.cause
    else if (got.value === 'accepted') this.#accepted.push(one.token)
    else this.#keep(one, reason)
  }

  #keep(one: PendingTransfer, reason: string): void {
    this.#returned.push(one.token)
    this.#remaining.set(one.message, { queueId: this.#from.queueIdOf(one), reason })
  }

  /** Repeats a call until it is answered, fails permanently or is late: the receiver may be restarting. */
  async #retry<T>(ask: () => Promise<ReceiverAnswer<T>>): Promise<ReceiverAnswer<T>> {
    for (;;) {
      const got = await ask()
      if (got.kind === 'answer' || got.permanent || this.#isLate() || this.#error !== null) return got
      await this.#clock.sleep(PAUSE_MS)
    }
  }

  #isLate(): boolean {
    return this.#clock.monotonic() >= this.#deadline
  }
}
