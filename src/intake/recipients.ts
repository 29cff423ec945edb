// The recipients of a draft: every destination of every forward-path, each final address once, by the first that led there.

import type { NewRecipient } from '../queue/queue.ts'
import type { Draft } from './intake.ts'

export interface Discarded {
  readonly original: string
  readonly reason: string
}

/** A destination is the same if address (domain without case), reverse-path and next hop are the same. */
export function recipientsOf(draft: Draft): { recipients: NewRecipient[]; discarded: Discarded[] } {
  const recipients = new Map<string, NewRecipient>()
  const discarded: Discarded[] = []
  for (const { forwardPath, parameters, resolution } of draft.recipients) {
    if (resolution.kind === 'discard') discarded.push({ original: forwardPath, reason: resolution.reason })
    if (resolution.kind !== 'destinations') continue
    for (const { reply } of resolution.lost ?? [])
      discarded.push({
        original: forwardPath,
        reason: `a target leads nowhere: ${reply.code} ${reply.enhanced} ${reply.cause}`,
      })
    for (const { recipient, original, reversePath, nextHop, private: hidden } of resolution.destinations) {
      const key = `${recipient}\n${reversePath ?? ''}\n${nextHop}`
      if (!recipients.has(key))
        recipients.set(key, { address: recipient, original, reversePath, nextHop, private: hidden, parameters })
    }
  }
  return { recipients: [...recipients.values()], discarded }
}
