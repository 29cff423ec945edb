// The bodies of a mail's copies: each message owns one. The first that needs the draft's own takes it, later ones share its octets,
// a wrapped one is written anew. Until the commit all that was made here can be taken away again.

import type { Queue, StoredBody } from '../queue/contract/queue.ts'
import { BodySpool } from './body-spool.ts'

export interface CopyBodies {
  /** The draft's body, for one more message. */
  same(): Promise<StoredBody>
  /** The draft's body between other octets. */
  between(before: Buffer, after: Buffer): Promise<StoredBody>
  /** Has a message taken the draft's own? */
  kept(): boolean
  /** Removes what was made; the draft's own is its bringer's. */
  discard(): Promise<void>
}

export type BodyStore = Pick<Queue, 'createSpoolFile' | 'openBody' | 'shareBody'>

export function createCopyBodies(queue: BodyStore, own: StoredBody): CopyBodies {
  const made: { discard(): Promise<void> }[] = []
  let kept = false
  return {
    same: async () => {
      if (!kept) {
        kept = true
        return own
      }
      const shared = await queue.shareBody(own)
      made.push(shared)
      return shared.body
    },
    between: async (before, after) => {
      const spool = new BodySpool(queue)
      made.push(spool)
      await spool.write(before)
      for await (const chunk of queue.openBody(own)) await spool.write(chunk as Buffer)
      await spool.write(after)
      return spool.finish()
    },
    kept: () => kept,
    discard: async () => {
      for (const one of made) await one.discard()
    },
  }
}
