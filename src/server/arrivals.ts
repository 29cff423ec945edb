// The messages that arrive in one session: at most one at a time, with the hook that reads it.

import type { Refusal, Reply } from '../smtp/reply.ts'
import { type ArrivingMessage, createArrivingMessage, FLOOD_FACTOR } from './arriving-message.ts'
import type { InterruptionKind } from './interruption.ts'
import { messageSizeOf } from './message-size.ts'
import { replyToMessage } from './reply-to-message.ts'
import { tooLarge } from './server-replies.ts'
import type { Dialogue, OpenTransaction } from './session-dialogue.ts'

export interface Arrivals<Resolution> {
  /** Octets that a message of this session can have, and above which the session ends. */
  limits(): { readonly size: number; readonly flood: number }
  /** Opens the message of a transaction and gives it to the hook. */
  open(transaction: OpenTransaction<Resolution>): ArrivingMessage
  /** A target for octets of any number that nothing reads. */
  openDropped(): ArrivingMessage
  /** The answer of the hook to the message that was opened last. */
  finalReply(): Promise<Reply>
  /** Nothing arrives any more. */
  clear(): void
  /** Resolves when nothing is left of a message whose transaction has ended. */
  settled(): Promise<void>
  /** Interrupts what arrives. Has no effect on a complete message. */
  cut(kind: InterruptionKind): void
  /** True if a client is too slow that sends a message, also between two chunks, or octets that are dropped. */
  tooSlow(pressure: number, isServersTurn: boolean): boolean
}

/** @param end sends a last reply and closes: the client sends far too much */
export function createArrivals<Resolution>(
  dialogue: Dialogue<Resolution>,
  end: (reply: Refusal) => void,
): Arrivals<Resolution> {
  const { context, session } = dialogue
  let arriving: ArrivingMessage | null = null
  let hookReply: Promise<Reply> | null = null
  const expect = (messageSize: number): ArrivingMessage => {
    const limits = { ...context.limits, messageSize }
    arriving = createArrivingMessage({ limits, clock: context.clock, onFlood: () => end(tooLarge(messageSize)) })
    return arriving
  }
  return {
    limits: () => {
      const size = messageSizeOf(context.limits, session)
      return { size, flood: size * FLOOD_FACTOR }
    },
    open: (transaction) => {
      const message = expect(messageSizeOf(context.limits, session))
      transaction.message = message
      hookReply = replyToMessage(dialogue, transaction, message)
      return message
    },
    openDropped: () => {
      const dropped = expect(Number.POSITIVE_INFINITY)
      dropped.discard()
      return dropped
    },
    finalReply: () => hookReply as Promise<Reply>,
    clear: () => {
      arriving = null
    },
    settled: async () => {
      if (dialogue.transaction?.message) return
      await hookReply
      hookReply = null
    },
    cut: (kind) => arriving?.cut(kind),
    tooSlow: (pressure, isServersTurn) => arriving?.tooSlow(pressure, isServersTurn) ?? false,
  }
}
