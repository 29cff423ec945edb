// The contract of a transfer: a message moves from one queue to another exactly once, with its history (docs/explanation/queue.md,
// "Transfer"). Each transfer of a message has a token. The source freezes the message before it offers it; the target answers a token once,
// in the commit that stores the message, and repeats that answer afterwards.

import type { Readable } from 'node:stream'
import type { Event } from '../../observe/events.ts'
import type { RecipientParameters } from '../../smtp/envelope.ts'
import type { NoticeKind } from './notify-bits.ts'
import type { NewRecipient, StoredBody, StoredMessage } from './queue.ts'
import type { RecipientState } from './states.ts'

/** A recipient with its state in the source queue. */
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
  /** Unix ms, as in the source queue. */
  readonly expiresAt: number
  readonly recipients: readonly TransferredRecipient[]
  /** The ledger of the message, oldest first; every event names its node. */
  readonly history: readonly { readonly at: number; readonly events: readonly Event[] }[]
}

/**
 * `repeated`: this transfer was committed earlier. `refused`: it was cancelled and can never succeed. `conflict`: another message with the
 * same queue ID is in the target.
 */
export type TransferAnswer = 'accepted' | 'repeated' | 'refused' | 'conflict'

export interface TransferRequest {
  readonly token: string
  /** Name of the source node, for the ledger. */
  readonly from: string
  readonly message: TransferredMessage
}

/** The queue that receives messages. */
export interface TransferTargetQueue {
  /** A name of this queue that no other queue has, wherever its directory is. */
  identity(): Promise<string>
  /** Resolves when committed. */
  acceptTransfer(request: TransferRequest): Promise<TransferAnswer>
  /** Cancels a transfer, unless it is committed. */
  refuseTransfer(token: string): Promise<'accepted' | 'refused'>
}

/** A frozen message: the target may have it already. */
export interface PendingTransfer {
  readonly token: string
  readonly message: number
  /** Identity of the target queue. */
  readonly target: string
  /** Address of the target: host and port, or its directory. */
  readonly address: string
}

/** The queue that gives messages away: used by one command at a time, beside its node or while the node is stopped. */
export interface TransferSourceQueue {
  readonly identity: string
  /** Messages that earlier runs froze and that no target has answered for. */
  pendingTransfers(): PendingTransfer[]
  /** Freezes the next `count` messages without a running attempt. Committed when it returns. */
  beginTransfers(request: {
    readonly target: string
    readonly address: string
    readonly count: number
  }): PendingTransfer[]
  /** Makes `beginTransfers` start with the oldest message again. */
  restart(): void
  queueIdOf(transfer: PendingTransfer): string
  /** A frozen message with everything that moves; events without a node get `node`. */
  readMessage(transfer: PendingTransfer, node: string): TransferredMessage
  openBody(body: StoredBody): Readable
  /** Ends transfers that the target accepted: the messages are deleted, with an event each. */
  commitTransfers(tokens: readonly string[], to: { readonly name: string; readonly by: string }): void
  /** Ends transfers that the target will never accept: the messages are as before. */
  abortTransfers(tokens: readonly string[]): void
  /** Messages in this queue, and how many of them have a running attempt. */
  countMessages(): { readonly messages: number; readonly attempting: number }
}
