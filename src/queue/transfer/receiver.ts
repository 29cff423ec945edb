// Room handover: who takes mail that leaves another queue: a node across the network, or a queue on this machine.

import type { Readable } from 'node:stream'
import type { TakeAnswer, TransferredMessage } from '../contract/queue-transfer.ts'
import type { StoredBody } from '../contract/queue.ts'

/** `lasting`: trying again does not help. */
export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'trouble'; readonly cause: string; readonly lasting: boolean }

export interface Greeting {
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
  greet(): Promise<Answer<Greeting>>
  /** The same offer may be made again and again. */
  give(offer: Offer): Promise<Answer<TakeAnswer>>
  /** Calls an offer off, as far as it was not taken. */
  refuse(refusal: { readonly token: string; readonly target: string }): Promise<Answer<'taken' | 'refused'>>
}

export function answer<T>(value: T): Answer<T> {
  return { kind: 'answer', value }
}

export function trouble(cause: string, lasting = false): Answer<never> {
  return { kind: 'trouble', cause, lasting }
}
