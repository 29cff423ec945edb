// The recipients of a draft: all destinations of all forward-paths. A destination that several forward-paths share is one recipient.

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
  /** Recipients that this node forwards. */
  readonly forwards: ReadonlyMap<NewRecipient, ForwardTerms>
  /** Recipients that the next fleet node forwards. */
  readonly relayedForwards: ReadonlyMap<NewRecipient, readonly ForwardTerms[]>
}

/** Two destinations are the same if address, reverse-path and next hop are the same. */
export function recipientsOf(draft: Draft, settings: { readonly expanded?: boolean } = {}): SortedRecipients {
  const forwards = new Map<NewRecipient, ForwardTerms>()
  const relayedForwards = new Map<NewRecipient, readonly ForwardTerms[]>()
  const recipients = new Map<string, NewRecipient>()
  const discarded: Discarded[] = []
  for (const drafted of draft.sender === null ? draft.recipients.map(withoutNotify) : draft.recipients) {
    const { forwardPath, resolution } = drafted
    const expansion = settings.expanded ? expansionOf(drafted) : null
    const { parameters } = expansion ?? drafted
    if (expansion) recipients.set(`${forwardPath}\nexpanded`, expansion.reported)
    if (resolution.kind === 'discard') discarded.push({ original: forwardPath, reason: resolution.reason })
    if (resolution.kind !== 'destinations') continue
    for (const { reply } of resolution.failedMembers ?? [])
      discarded.push({
        original: forwardPath,
        reason: `a member of the alias has no destination: ${reply.code} ${reply.enhanced} ${reply.cause}`,
      })
    for (const destination of resolution.destinations) {
      const { recipient, original, reversePath, nextHop, private: hidden } = destination
      const key = `${recipient}\n${reversePath ?? ''}\n${nextHop}`
      const found: NewRecipient = { address: recipient, original, reversePath, nextHop, private: hidden, parameters }
      const first = recipients.get(key)
      const one = first ? mergeNotify(first, found) : found
      if (one === first) continue
      recipients.set(key, one)
      const { forward = first && forwards.get(first), relayedForwards: terms = first && relayedForwards.get(first) } =
        destination
      if (first) {
        forwards.delete(first)
        relayedForwards.delete(first)
      }
      if (forward) forwards.set(one, forward)
      if (terms) relayedForwards.set(one, terms)
    }
  }
  return { recipients: [...recipients.values()], discarded, forwards, relayedForwards }
}

/** The null sender gets no DSN. DSNs have NOTIFY=NEVER (RFC 3461 6.1), which must not keep a double bounce from the operator. */
function withoutNotify(drafted: DraftRecipient): DraftRecipient {
  return { ...drafted, parameters: { ...drafted.parameters, notify: [] } }
}

/** Two forward-paths with one destination: the sender gets the DSNs requested for either (RFC 3461 4.1). NEVER of the first does not cancel the requests of the second. */
function mergeNotify(first: NewRecipient, second: NewRecipient): NewRecipient {
  const [asked, more] = [first.parameters.notify, second.parameters.notify]
  if (asked.includes('NEVER')) return more.includes('NEVER') ? first : second
  const notify =
    asked.length === 0 && more.length === 0 ? asked : [...new Set([...explicitNotify(asked), ...explicitNotify(more)])]
  if (more.includes('NEVER') || notify.length === asked.length) return first
  return { ...first, parameters: { ...first.parameters, notify } }
}

/** Without NOTIFY the default applies (RFC 3461 4.1). */
function explicitNotify(notify: readonly Notify[]): readonly Notify[] {
  return notify.length === 0 ? ['FAILURE', 'DELAY'] : notify
}
