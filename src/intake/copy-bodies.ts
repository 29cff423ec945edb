// Provides the bodies of copies: each message owns one. The first copy takes the body of the draft, later copies share its octets, and a
// wrapped copy gets a new body. Until the commit, `discard` removes all that were made.

import type { Queue, StoredBody } from '../queue/contract/queue.ts'
import { BodySpool } from './body-spool.ts'

export interface CopyBodies {
  /** The body of the draft, for another message. */
  same(): Promise<StoredBody>
  /** A new body: that of the draft between other octets. */
  between(before: Buffer, after: Buffer): Promise<StoredBody>
  /** True if a message has taken the body of the draft. */
  kept(): boolean
  /** Removes the bodies made here. The caller owns that of the draft. */
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
