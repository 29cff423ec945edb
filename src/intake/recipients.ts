// The recipients of a draft: every destination of every forward-path, each final address once, by the first that led there.

import type { NewRecipient } from '../queue/contract/queue.ts'
import type { ForwardTerms } from '../route/resolution.ts'
import type { Notify } from '../smtp/envelope.ts'
import { expansionOf } from './dsn-expanded.ts'
import type { Draft, DraftRecipient } from './intake.ts'

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
  for (const drafted of draft.sender === null ? draft.recipients.map(withoutNotify) : draft.recipients) {
    const { forwardPath, resolution } = drafted
    const expansion = settings.expanded ? expansionOf(drafted) : null
    const { parameters } = expansion ?? drafted
    if (expansion) recipients.set(`${forwardPath}\nexpanded`, expansion.reached)
    if (resolution.kind === 'discard') discarded.push({ original: forwardPath, reason: resolution.reason })
    if (resolution.kind !== 'destinations') continue
    for (const { reply } of resolution.failedMembers ?? [])
      discarded.push({
        original: forwardPath,
        reason: `a target leads nowhere: ${reply.code} ${reply.enhanced} ${reply.cause}`,
      })
    for (const destination of resolution.destinations) {
      const { recipient, original, reversePath, nextHop, private: hidden } = destination
      const key = `${recipient}\n${reversePath ?? ''}\n${nextHop}`
      const found: NewRecipient = { address: recipient, original, reversePath, nextHop, private: hidden, parameters }
      const first = recipients.get(key)
      const one = first ? askedForBoth(first, found) : found
      if (one === first) continue
      recipients.set(key, one)
      const { forward = first && forwards.get(first), relayedForwards: terms = first && handedOver.get(first) } =
        destination
      if (first) {
        forwards.delete(first)
        handedOver.delete(first)
      }
      if (forward) forwards.set(one, forward)
      if (terms) handedOver.set(one, terms)
    }
  }
  return { recipients: [...recipients.values()], discarded, forwards, handedOver }
}

/**
 * The null sender is told nothing whatever NOTIFY says; NEVER, which reports bear (RFC 3461 6.1), is not to keep a double bounce from the
 * operator.
 */
function withoutNotify(drafted: DraftRecipient): DraftRecipient {
  return { ...drafted, parameters: { ...drafted.parameters, notify: [] } }
}

/**
 * Two forward-paths that lead to one destination: its sender hears what he asked to hear of either (RFC 3461 4.1). Who shall not be
 * reported about does not silence the other.
 */
function askedForBoth(first: NewRecipient, second: NewRecipient): NewRecipient {
  const [asked, more] = [first.parameters.notify, second.parameters.notify]
  if (asked.includes('NEVER')) return more.includes('NEVER') ? first : second
  const notify = asked.length === 0 && more.length === 0 ? asked : [...new Set([...wordsOf(asked), ...wordsOf(more)])]
  if (more.includes('NEVER') || notify.length === asked.length) return first
  return { ...first, parameters: { ...first.parameters, notify } }
}

/** The default in words. */
function wordsOf(notify: readonly Notify[]): readonly Notify[] {
  return notify.length === 0 ? ['FAILURE', 'DELAY'] : notify
}
