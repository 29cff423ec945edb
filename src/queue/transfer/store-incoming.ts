// Stores one offered message: first its body, durable, then the commit that accepts it. The body of a message that is not accepted is removed.

import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOctetList, joinOctets } from '../../lib/octet-list.ts'
import type { TransferTargetQueue, TransferAnswer, TransferredMessage } from '../contract/queue-transfer.ts'
import { assertLineEnds, checkLineEnds } from './line-ends.ts'
import { INLINE_LIMIT, type Queue, type StoredBody } from '../contract/queue.ts'

export type IncomingQueue = TransferTargetQueue & Pick<Queue, 'createSpoolFile'>

export interface IncomingMessage {
  readonly token: string
  readonly from: string
  /** Everything but the body. */
  readonly message: Omit<TransferredMessage, 'body'>
  readonly size: number
  readonly body: Readable
}

/** The body does not have the announced size: the offer fails and may be repeated. */
export class BodySizeMismatch extends Error {
  override readonly name = 'BodySizeMismatch'
}

/** Resolves when committed. Rejects with QueueUnavailable, BodySizeMismatch or MalformedContent. */
export async function storeIncoming(queue: IncomingQueue, landing: IncomingMessage): Promise<TransferAnswer> {
  const { token, from, message, size, body } = landing
  if (size <= INLINE_LIMIT) {
    const bytes = await gather(body, size)
    assertLineEnds(bytes)
    return queue.acceptTransfer({ token, from, message: { ...message, body: { kind: 'inline', bytes } } })
  }
  const spooled = await queue.createSpoolFile({ purpose: 'fleet' })
  try {
    await pipeline(body, checkLineEnds(), spooled.stream)
    const written = await spooled.finish()
    if (written.size !== size) throw new BodySizeMismatch(`the body has ${written.size} octets, announced were ${size}`)
    const stored: StoredBody = { kind: 'spool', file: spooled.file, size }
    const answer = await queue.acceptTransfer({ token, from, message: { ...message, body: stored } })
    if (answer !== 'accepted') await spooled.discard()
    return answer
  } catch (error) {
    await spooled.discard().catch(() => undefined)
    throw error
  }
}

async function gather(body: Readable, size: number): Promise<Buffer> {
  const pieces = createOctetList()
  let length = 0
  for await (const piece of body as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > size) break
    pieces.add(piece)
  }
  if (length !== size)
    throw new BodySizeMismatch(`the body has ${length > size ? 'more than' : 'only'} ${Math.min(length, size)} octets`)
  return joinOctets(pieces)
}
