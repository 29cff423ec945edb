// The queue's contract for the hand-over: mail that moves from one queue to another exactly once, with its history (docs/explanation/queue.md, "Transfer").
// Each hand-over of a message has a token. The giving queue freezes the message before it offers it; the taking queue answers a token once
// and for all, in the commit that takes the message, and gives the same answer for ever.

import type { Readable } from 'node:stream'
import type { Event } from '../../observe/events.ts'
import type { RecipientParameters } from '../../smtp/envelope.ts'
import type { NoticeKind } from './notify-bits.ts'
import type { NewRecipient, StoredBody, StoredMessage } from './queue.ts'
import type { RecipientState } from './states.ts'

/** A recipient as it was in the queue that it comes from. */
export interface TransferredRecipient extends Omit<NewRecipient, 'parameters'> {
  readonly parameters: RecipientParameters
  readonly state: Exclude<RecipientState, 'claimed' | 'transferring'>
  readonly attempts: number
  /** Unix ms. */
  readonly nextAttemptAt: number
  readonly noticeDue: NoticeKind | null
  readonly delayNotified: boolean
  readonly last: {
    readonly at: number
    readonly status: string
    readonly reply: string
    readonly host: string | null
    readonly replyClass: string | null
  } | null
}

export interface TransferredMessage extends StoredMessage {
  /** Unix ms; the lifetime goes on where it was. */
  readonly expiresAt: number
  readonly recipients: readonly TransferredRecipient[]
  /** What the ledger knows of it, oldest first; every event names the node where it happened. */
  readonly history: readonly { readonly at: number; readonly events: readonly Event[] }[]
}

/**
 * `before`: this very hand-over was committed earlier. `refused`: it was called off and can never succeed. `conflict`: a mail of the same
 * queue id is here and not by this hand-over.
 */
export type TransferAnswer = 'accepted' | 'repeated' | 'refused' | 'conflict'

export interface TransferRequest {
  readonly token: string
  /** The node it comes from, for the ledger. */
  readonly from: string
  readonly message: TransferredMessage
}

/** The taking side. */
export interface TransferTargetQueue {
  /** Names this queue among all queues, wherever its directory lies. */
  identity(): Promise<string>
  /** Resolves when committed. */
  acceptTransfer(request: TransferRequest): Promise<TransferAnswer>
  /** Calls a hand-over off: it was taken, or never will be. */
  refuseTransfer(token: string): Promise<'accepted' | 'refused'>
}

/** A message that another queue may already have. */
export interface PendingTransfer {
  readonly token: string
  readonly message: number
  /** Identity of the queue that it is for. */
  readonly target: string
  /** Where that queue was met. */
  readonly address: string
}

/** The giving side: used by one command at a time, beside its node or instead of it. */
export interface TransferSourceQueue {
  readonly identity: string
  /** What earlier runs froze and nobody has answered for. */
  pendingTransfers(): PendingTransfer[]
  /** Freezes up to `count` messages of which nothing is under way, and goes on behind them at the next call; committed. */
  beginTransfers(request: {
    readonly target: string
    readonly address: string
    readonly count: number
  }): PendingTransfer[]
  /** Starts again with the oldest message. */
  restart(): void
  queueIdOf(pendingTransfers: PendingTransfer): string
  /** A frozen message with everything that travels; events of its own get `node`. */
  readMessage(pendingTransfers: PendingTransfer, node: string): TransferredMessage
  openBody(body: StoredBody): Readable
  /** They have arrived: gone from here, in the ledger. */
  commitTransfers(tokens: readonly string[], to: { readonly name: string; readonly by: string }): void
  /** They did not leave: everything is as before. */
  abortTransfers(tokens: readonly string[]): void
  /** Messages here, and how many of them have an attempt under way. */
  countMessages(): { readonly messages: number; readonly underWay: number }
}
