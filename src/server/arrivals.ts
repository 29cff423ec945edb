// The messages that arrive in one session: at most one at a time, with the hook that reads it.

import type { Refusal, Reply } from '../smtp/reply.ts'
import { ArrivingMessage } from './arriving-message.ts'
import type { InterruptionKind } from './interruption.ts'
import { messageSizeOf } from './message-size.ts'
import { replyToMessage } from './reply-to-message.ts'
import { tooLarge } from './server-replies.ts'
import type { Dialogue, OpenTransaction } from './session-dialogue.ts'

/** A class, as its messages: there is one for each session. */
export class Arrivals<Resolution> {
  readonly #dialogue: Dialogue<Resolution>
  readonly #end: (reply: Refusal) => void
  #arriving: ArrivingMessage | null = null
  #hookReply: Promise<Reply> | null = null

  /** @param end sends a last reply and closes: the client sends far too much */
  constructor(dialogue: Dialogue<Resolution>, end: (reply: Refusal) => void) {
    this.#dialogue = dialogue
    this.#end = end
  }

  /** Octets that a message of this session can have. */
  get size(): number {
    return messageSizeOf(this.#dialogue.context.limits, this.#dialogue.session)
  }

  /** Opens the message of a transaction and gives it to the hook. */
  open(transaction: OpenTransaction<Resolution>): ArrivingMessage {
    const message = this.#expect(this.size)
    transaction.message = message
    this.#hookReply = replyToMessage(this.#dialogue, transaction, message)
    return message
  }

  /** A target for octets of any number that nothing reads. */
  openDropped(): ArrivingMessage {
    const dropped = this.#expect(Number.POSITIVE_INFINITY)
    dropped.discard()
    return dropped
  }

  /** The answer of the hook to the message that was opened last. */
  finalReply(): Promise<Reply> {
    return this.#hookReply as Promise<Reply>
  }

  /** Nothing arrives any more. */
  clear(): void {
    this.#arriving = null
  }

  /** Resolves when nothing is left of a message whose transaction has ended; null if nothing is: so it is after most commands. */
  settled(): Promise<unknown> | null {
    if (this.#hookReply === null || this.#dialogue.transaction?.message) return null
    const settling = this.#hookReply
    this.#hookReply = null
    return settling
  }

  /** Interrupts what arrives. Has no effect on a complete message. */
  cut(kind: InterruptionKind): void {
    this.#arriving?.cut(kind)
  }

  /** True if a client is too slow that sends a message, also between two chunks, or octets that are dropped. */
  tooSlow(pressure: number, isServersTurn: boolean): boolean {
    return this.#arriving?.tooSlow(pressure, isServersTurn) ?? false
  }

  #expect(messageSize: number): ArrivingMessage {
    const { limits, clock } = this.#dialogue.context
    const onFlood = () => this.#end(tooLarge(messageSize))
    this.#arriving = new ArrivingMessage({ limits, messageSize, clock, onFlood })
    return this.#arriving
  }
}
