// A message in the queue as an input of `waypost learn`: as rspamd saw it when it arrived, as far as that is known.

import { Readable } from 'node:stream'
import { headerAsReceived } from '../../message/as-received.ts'
import type { QueueReader } from '../../queue/contract/queue-reader.ts'
import { type Input, readOctets } from './open-inputs.ts'

export interface QueuedInput extends Input {
  /** Whether it waits for a decision of the operator, also in quarantine. */
  readonly isHeld: boolean
}

/** The message, or null if it is not in the queue. Rejects with QueueUnavailable. */
export async function queuedInput(
  reader: Pick<QueueReader, 'show' | 'openBody'>,
  queueId: string,
  authservId: string,
): Promise<QueuedInput | null> {
  const shown = await reader.show(queueId)
  if (!shown) return null
  const header = headerAsReceived(shown.header, { queueId, authservId })
  return {
    name: queueId,
    isHeld: shown.recipients.some(({ state }) => state === 'held'),
    read: () => readOctets(Readable.from(pieces(header, reader.openBody(shown.body)), { objectMode: false })),
  }
}

async function* pieces(header: Buffer, body: Readable): AsyncGenerator<Buffer> {
  yield header
  yield* body as AsyncIterable<Buffer>
}
