// Room handover: hands a whole queue over to a receiver, exactly once: what earlier runs left unanswered first, then everything of which no
// attempt is under way, then what was under way as its attempts end. Stopping it anywhere costs nothing but another run.

import type { Clock } from '../../lib/clock.ts'
import type { TransferSourceQueue, PendingTransfer } from '../contract/queue-transfer.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'
import type { ReceiverAnswer, ReceiverIdentity, Receiver } from './receiver.ts'

export interface TransferSettings {
  /** This node's name, for the history that travels. */
  readonly node: string
  /** Who asked for it, for the ledger. */
  readonly by: string
  /** Where the receiver was met, for the ledger and for whoever has to ask it again. */
  readonly address: string
  /** How long attempts under way and a receiver that does not answer are waited for in all, ms. */
  readonly patienceMs: number
}

export interface TransferReport {
  /** The receiving node's name; null if it was not reached. */
  readonly to: string | null
  readonly moved: number
  /** Still here, as they were. */
  readonly stayed: readonly { readonly queueId: string; readonly reason: string }[]
  /** Not handed over because an attempt is under way. */
  readonly underWay: number
  /** Frozen: the receiver may have them, and did not answer. */
  readonly unanswered: number
  /** Why the run ended early, or null. */
  readonly trouble: string | null
}

/** Messages frozen at once: a crash leaves at most so many to be asked for. */
const BATCH = 100
/** Offers at once: they share the receiver's commits. */
const OFFERS = 32
/** Between two tries, ms. */
const PAUSE_MS = 500

export async function transferWholeQueue(
  parts: { readonly from: TransferSourceQueue; readonly to: Receiver; readonly clock: Clock },
  settings: TransferSettings,
): Promise<TransferReport> {
  const greeted = await parts.to.identify()
  if (greeted.kind === 'trouble') return notBegun(parts.from, greeted.cause)
  if (greeted.value.queue === parts.from.identity) return notBegun(parts.from, 'that is this very queue')
  const run = new Run(parts, settings, greeted.value)
  await run.all()
  return run.report()
}

function notBegun(from: TransferSourceQueue, trouble: string): TransferReport {
  const unanswered = from.pendingTransfers().length
  return { to: null, moved: 0, stayed: [], underWay: from.countMessages().underWay, unanswered, trouble }
}

class Run {
  readonly #from: TransferSourceQueue
  readonly #to: Receiver
  readonly #clock: Clock
  readonly #settings: TransferSettings
  readonly #greeting: ReceiverIdentity
  readonly #deadline: number
  readonly #stayed = new Map<number, { queueId: string; reason: string }>()
  #moved = 0
  #trouble: string | null = null
  /** Tokens of the batch that are answered. */
  #arrived: string[] = []
  #returned: string[] = []

  constructor(
    parts: { readonly from: TransferSourceQueue; readonly to: Receiver; readonly clock: Clock },
    settings: TransferSettings,
    greeting: ReceiverIdentity,
  ) {
    this.#from = parts.from
    this.#to = parts.to
    this.#clock = parts.clock
    this.#settings = settings
    this.#greeting = greeting
    this.#deadline = parts.clock.monotonic() + settings.patienceMs
  }

  async all(): Promise<void> {
    this.#from.restart()
    const target = this.#greeting.queue
    const left = this.#from.pendingTransfers()
    await this.#pass(
      left.filter((one) => one.target === target),
      true,
    )
    while (this.#trouble === null) {
      await this.#whatMayMove(target)
      if (this.#trouble !== null || this.#from.countMessages().underWay === 0 || this.#isLate()) break
      await this.#clock.sleep(PAUSE_MS)
      this.#from.restart()
    }
    if (left.some((one) => one.target !== target))
      this.#trouble ??= 'some messages are frozen for another node (see --abort)'
  }

  report(): TransferReport {
    return {
      to: this.#greeting.name,
      moved: this.#moved,
      stayed: [...this.#stayed.values()],
      underWay: this.#from.countMessages().underWay,
      unanswered: this.#from.pendingTransfers().length,
      trouble: this.#trouble,
    }
  }

  async #whatMayMove(target: string): Promise<void> {
    while (this.#trouble === null) {
      const batch = this.#from.beginTransfers({ target, address: this.#settings.address, count: BATCH })
      if (batch.length === 0) return
      // Refused before in this run: no use in offering it again and again while the rest is waited for.
      const again = batch.filter(({ message }) => this.#stayed.has(message))
      if (again.length > 0) this.#from.abortTransfers(again.map(({ token }) => token))
      await this.#pass(
        batch.filter(({ message }) => !this.#stayed.has(message)),
        false,
      )
    }
  }

  /** `offered`: in an earlier run, perhaps. */
  async #pass(batch: readonly PendingTransfer[], offered: boolean): Promise<void> {
    const rest = [...batch]
    const worker = async () => {
      for (let one = rest.shift(); one; one = rest.shift()) await this.#pass1(one, offered)
    }
    await Promise.all(Array.from({ length: OFFERS }, worker))
    const { name } = this.#greeting
    const { address, by } = this.#settings
    if (this.#arrived.length > 0) this.#from.commitTransfers(this.#arrived, { name: `${name} (${address})`, by })
    if (this.#returned.length > 0) this.#from.abortTransfers(this.#returned)
    this.#moved += this.#arrived.length
    this.#arrived = []
    this.#returned = []
  }

  async #pass1(one: PendingTransfer, offered: boolean): Promise<void> {
    // Never offered: nobody can have it.
    if (this.#trouble !== null && !offered) return void this.#returned.push(one.token)
    try {
      await this.#offer(one)
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) throw error
      await this.#callOff(one, error.message)
    }
  }

  async #offer(one: PendingTransfer): Promise<void> {
    const { token, target } = one
    const message = this.#from.readMessage(one, this.#settings.node)
    const offer = { token, target, from: this.#settings.node, message, openBody: this.#from.openBody.bind(this.#from) }
    const got = await this.#patiently(() => this.#to.offer(offer))
    if (got.kind === 'trouble') {
      this.#trouble ??= got.cause
      return this.#callOff(one, got.cause)
    }
    if (got.value === 'accepted' || got.value === 'repeated') this.#arrived.push(token)
    else if (got.value === 'refused') this.#stays(one, 'the hand-over was called off before')
    else await this.#callOff(one, `a message of this queue id is at ${this.#greeting.name} already`)
  }

  /** Only the receiver can say that it will never have it. */
  async #callOff(one: PendingTransfer, reason: string): Promise<void> {
    const got = await this.#to.refuse({ token: one.token, target: one.target })
    if (got.kind === 'trouble') this.#trouble ??= got.cause
    else if (got.value === 'accepted') this.#arrived.push(one.token)
    else this.#stays(one, reason)
  }

  #stays(one: PendingTransfer, reason: string): void {
    this.#returned.push(one.token)
    this.#stayed.set(one.message, { queueId: this.#from.queueIdOf(one), reason })
  }

  /** Asks again while there is hope and time: a receiver may be restarting. */
  async #patiently<T>(ask: () => Promise<ReceiverAnswer<T>>): Promise<ReceiverAnswer<T>> {
    for (;;) {
      const got = await ask()
      if (got.kind === 'answer' || got.lasting || this.#isLate() || this.#trouble !== null) return got
      await this.#clock.sleep(PAUSE_MS)
    }
  }

  #isLate(): boolean {
    return this.#clock.monotonic() >= this.#deadline
  }
}
