// A queue on this machine as the receiver of a transfer.

import type { TransferAnswer } from '../contract/queue-transfer.ts'
import { bodySize } from '../contract/stored-body.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'
import { MalformedContent } from './line-ends.ts'
import { type IncomingQueue, storeIncoming, BodySizeMismatch } from './store-incoming.ts'
import {
  type ReceiverAnswer,
  answer,
  type ReceiverIdentity,
  type Offer,
  type Receiver,
  failed,
  unacceptable,
} from './receiver.ts'

/** `name`: name of this node in the ledger. */
export function createLocalReceiver(queue: IncomingQueue, name: string): Receiver {
  return {
    identify: (): Promise<ReceiverAnswer<ReceiverIdentity>> =>
      asAnswer(async () => ({ queue: await queue.identity(), name })),
    offer: ({ token, from, message, openBody }: Offer): Promise<ReceiverAnswer<TransferAnswer>> =>
      asAnswer(() => {
        const { body, ...rest } = message
        const size = bodySize(body)
        return storeIncoming(queue, { token, from, message: rest, size, body: openBody(body) })
      }),
    refuse: ({ token }) => asAnswer(() => queue.refuseTransfer(token)),
  }
}

async function asAnswer<T>(work: () => Promise<T>): Promise<ReceiverAnswer<T>> {
  try {
    return answer(await work())
  } catch (error) {
    if (error instanceof MalformedContent) return unacceptable(error.message)
    if (error instanceof QueueUnavailable || error instanceof BodySizeMismatch) return failed(error.message, true)
    throw error
  }
}
