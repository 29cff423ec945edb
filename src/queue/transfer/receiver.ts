// The receiver of a transfer: a node across the network, or a queue on this machine.

import type { Readable } from 'node:stream'
import type { TransferAnswer, TransferredMessage } from '../contract/queue-transfer.ts'
import type { StoredBody } from '../contract/queue.ts'

/** `permanent`: repeating the call does not help. `concerns`: whether other messages would fail too. */
export type ReceiverAnswer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | {
      readonly kind: 'error'
      readonly cause: string
      readonly permanent: boolean
      readonly concerns: 'message' | 'receiver'
    }

export interface ReceiverIdentity {
  /** Identity of its queue. */
  readonly queue: string
  /** The node's name, for the ledger. */
  readonly name: string
}

export interface Offer {
  readonly token: string
  /** Identity of the target queue; another queue must refuse the offer. */
  readonly target: string
  /** Name of the source node. */
  readonly from: string
  readonly message: TransferredMessage
  /** Opens the body of the message; throws QueueUnavailable if it is missing or damaged. */
  readonly openBody: (body: StoredBody) => Readable
}

export interface Receiver {
  identify(): Promise<ReceiverAnswer<ReceiverIdentity>>
  /** Offers a message. The same offer may be repeated. */
  offer(offer: Offer): Promise<ReceiverAnswer<TransferAnswer>>
  /** Cancels an offer, unless it was accepted. */
  refuse(refusal: { readonly token: string; readonly target: string }): Promise<ReceiverAnswer<'accepted' | 'refused'>>
}

export function answer<T>(value: T): ReceiverAnswer<T> {
  return { kind: 'answer', value }
}

export function failed(cause: string, permanent = false): ReceiverAnswer<never> {
  return { kind: 'error', cause, permanent, concerns: 'receiver' }
}

/** The receiver does not accept this message; others may pass. */
export function unacceptable(cause: string): ReceiverAnswer<never> {
  return { kind: 'error', cause, permanent: true, concerns: 'message' }
}
