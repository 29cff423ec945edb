// The recipients of a draft: every destination of every forward-path, each final address once, by the first that led there.

import type { NewRecipient } from '../queue/queue.ts'
import type { ForwardTerms } from '../route/resolution.ts'
import { expansionOf } from './expanded.ts'
import type { Draft } from './intake.ts'

export interface Discarded {
  readonly original: string
  readonly reason: string
}

export interface SortedRecipients {
  readonly recipients: readonly NewRecipient[]
  readonly discarded: readonly Discarded[]
  /** Those whose copy leaves our domains by a forward. */
  readonly forwards: ReadonlyMap<NewRecipient, ForwardTerms>
  /** Those whose copy another node of ours forwards. */
  readonly handedOver: ReadonlyMap<NewRecipient, readonly ForwardTerms[]>
}

/** A destination is the same if address (domain without case), reverse-path and next hop are the same. */
export function recipientsOf(draft: Draft, settings: { readonly expanded?: boolean } = {}): SortedRecipients {
  const forwards = new Map<NewRecipient, ForwardTerms>()
  const handedOver = new Map<NewRecipient, readonly ForwardTerms[]>()
  const recipients = new Map<string, NewRecipient>()
  const discarded: Discarded[] = []
  for (const drafted of draft.recipients) {
    const { forwardPath, resolution } = drafted
    const expansion = settings.expanded ? expansionOf(drafted) : null
    const { parameters } = expansion ?? drafted
    if (expansion) recipients.set(`${forwardPath}\nexpanded`, expansion.reached)
    if (resolution.kind === 'discard') discarded.push({ original: forwardPath, reason: resolution.reason })
    if (resolution.kind !== 'destinations') continue
    for (const { reply } of resolution.lost ?? [])
      discarded.push({
        original: forwardPath,
        reason: `a target leads nowhere: ${reply.code} ${reply.enhanced} ${reply.cause}`,
      })
    for (const destination of resolution.destinations) {
      const { recipient, original, reversePath, nextHop, private: hidden } = destination
      const key = `${recipient}\n${reversePath ?? ''}\n${nextHop}`
      if (recipients.has(key)) continue
      const one: NewRecipient = { address: recipient, original, reversePath, nextHop, private: hidden, parameters }
      recipients.set(key, one)
      if (destination.forward) forwards.set(one, destination.forward)
      if (destination.handedOver) handedOver.set(one, destination.handedOver)
    }
  }
  return { recipients: [...recipients.values()], discarded, forwards, handedOver }
}
