// Room handover: a queue on this machine as the receiver.

import type { TakeAnswer } from '../contract/queue-transfer.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'
import { type LandingQueue, land, WrongSize } from './store-incoming.ts'
import { type Answer, answer, type Greeting, type Offer, type Receiver, trouble } from './receiver.ts'

/** `name`: how the ledger calls this node. */
export function createLocalReceiver(queue: LandingQueue, name: string): Receiver {
  return {
    greet: (): Promise<Answer<Greeting>> => foreseen(async () => ({ queue: await queue.identity(), name })),
    give: ({ token, from, message, openBody }: Offer): Promise<Answer<TakeAnswer>> =>
      foreseen(() => {
        const { body, ...rest } = message
        const size = body.kind === 'inline' ? body.bytes.length : body.size
        return land(queue, { token, from, message: rest, size, body: openBody(body) })
      }),
    refuse: ({ token }) => foreseen(() => queue.refuse(token)),
  }
}

async function foreseen<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return answer(await work())
  } catch (error) {
    if (error instanceof QueueUnavailable || error instanceof WrongSize) return trouble(error.message, true)
    throw error
  }
}
