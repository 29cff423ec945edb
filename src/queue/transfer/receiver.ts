// Room handover: who takes mail that leaves another queue: a node across the network, or a queue on this machine.

import type { Readable } from 'node:stream'
import type { TransferAnswer, TransferredMessage } from '../contract/queue-transfer.ts'
import type { StoredBody } from '../contract/queue.ts'

/** `lasting`: trying again does not help. */
export type ReceiverAnswer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'trouble'; readonly cause: string; readonly lasting: boolean }

export interface ReceiverIdentity {
  /** Identity of its queue. */
  readonly queue: string
  /** The node's name, for the ledger. */
  readonly name: string
}

export interface Offer {
  readonly token: string
  /** Identity of the queue that it is for: any other one must not take it. */
  readonly target: string
  /** The node that gives. */
  readonly from: string
  readonly message: TransferredMessage
  /** Opens the body of the message; throws QueueUnavailable if the disk lost it. */
  readonly openBody: (body: StoredBody) => Readable
}

export interface Receiver {
  identify(): Promise<ReceiverAnswer<ReceiverIdentity>>
  /** The same offer may be made again and again. */
  offer(offer: Offer): Promise<ReceiverAnswer<TransferAnswer>>
  /** Calls an offer off, as far as it was not taken. */
  refuse(refusal: { readonly token: string; readonly target: string }): Promise<ReceiverAnswer<'accepted' | 'refused'>>
}

export function answer<T>(value: T): ReceiverAnswer<T> {
  return { kind: 'answer', value }
}

export function trouble(cause: string, lasting = false): ReceiverAnswer<never> {
  return { kind: 'trouble', cause, lasting }
}
