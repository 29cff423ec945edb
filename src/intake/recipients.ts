// The recipients of a draft: all destinations of all forward-paths. A mailbox that several forward-paths share is one recipient.

import type { NewRecipient } from '../queue/contract/queue.ts'
import type { Destination, ForwardTerms } from '../route/resolution.ts'
import type { Notify, RecipientParameters } from '../smtp/envelope.ts'
import { expansionOf } from './dsn-expanded.ts'
import type { Draft, DraftRecipient } from './intake.ts'

export interface Discarded {
  readonly original: string
  readonly reason: string
}

export interface SortedRecipients {
  readonly recipients: readonly NewRecipient[]
  /** Forward-paths and members that get no copy. */
  readonly discarded: readonly Discarded[]
  /** Recipients that this node forwards. */
  readonly forwards: ReadonlyMap<NewRecipient, ForwardTerms>
  /** Recipients that the next fleet node forwards. */
  readonly relayedForwards: ReadonlyMap<NewRecipient, readonly ForwardTerms[]>
}

/** The recipients so far, by mailbox. */
interface Sorting {
  readonly recipients: Map<string, NewRecipient>
  readonly discarded: Discarded[]
  readonly forwards: Map<NewRecipient, ForwardTerms>
  readonly relayedForwards: Map<NewRecipient, readonly ForwardTerms[]>
}

/** Two destinations are one recipient if they are one mailbox, on whichever path the copies leave. */
export function recipientsOf(draft: Draft, settings: { readonly expanded?: boolean } = {}): SortedRecipients {
  const sorting: Sorting = { recipients: new Map(), discarded: [], forwards: new Map(), relayedForwards: new Map() }
  for (const drafted of draft.sender === null ? draft.recipients.map(withoutNotify) : draft.recipients) {
    const { forwardPath, resolution } = drafted
    const expansion = settings.expanded ? expansionOf(drafted) : null
    const { parameters } = expansion ?? drafted
    if (expansion) sorting.recipients.set(`${forwardPath}\nexpanded`, expansion.reported)
    if (resolution.kind === 'discard') sorting.discarded.push({ original: forwardPath, reason: resolution.reason })
    if (resolution.kind !== 'destinations') continue
    for (const { reply } of resolution.failedMembers ?? [])
      sorting.discarded.push({
        original: forwardPath,
        reason: `a member of the alias has no destination: ${reply.code} ${reply.enhanced} ${reply.cause}`,
      })
    addDestinations(sorting, forwardPath, { destinations: resolution.destinations, parameters })
  }
  return { ...sorting, recipients: [...sorting.recipients.values()] }
}

/** Adds the destinations of one forward-path. If all of them are mailboxes of an earlier one, the ledger names that one. */
function addDestinations(
  sorting: Sorting,
  forwardPath: string,
  found: { readonly destinations: readonly Destination[]; readonly parameters: RecipientParameters },
): void {
  let sharedWith: string | null = null
  let isShared = true
  for (const destination of found.destinations) {
    const first = sorting.recipients.get(destination.mailbox)
    const one = addDestination(sorting, destination, found.parameters)
    if (first && one.original !== forwardPath) sharedWith ??= one.original
    else isShared = false
  }
  if (isShared && sharedWith !== null)
    sorting.discarded.push({ original: forwardPath, reason: `one copy for each mailbox: that of ${sharedWith}` })
}

function addDestination(sorting: Sorting, destination: Destination, parameters: RecipientParameters): NewRecipient {
  const { recipients, forwards, relayedForwards } = sorting
  const { mailbox, recipient, original, reversePath, nextHop, private: hidden } = destination
  const found: NewRecipient = { address: recipient, original, reversePath, nextHop, private: hidden, parameters }
  const first = recipients.get(mailbox)
  const one = first ? mergeRecipients(first, found) : found
  if (one === first) return one
  recipients.set(mailbox, one)
  // The sender named the address itself: its copy is no forward.
  const inherited = one.private ? first : undefined
  const { forward = inherited && forwards.get(inherited) } = destination
  const { relayedForwards: terms = inherited && relayedForwards.get(inherited) } = destination
  if (first) {
    forwards.delete(first)
    relayedForwards.delete(first)
  }
  if (forward) forwards.set(one, forward)
  if (terms) relayedForwards.set(one, terms)
  return one
}

/** The null sender gets no DSN. DSNs have NOTIFY=NEVER (RFC 3461 6.1), which must not keep a double bounce from the operator. */
function withoutNotify(drafted: DraftRecipient): DraftRecipient {
  return { ...drafted, parameters: { ...drafted.parameters, notify: [] } }
}

/** One copy for both. The sender knows an address that is not private, so that copy and its DSNs need not hide it. */
function mergeRecipients(first: NewRecipient, second: NewRecipient): NewRecipient {
  if (!first.private || second.private) return mergeNotify(first, second)
  const { notify } = mergeNotify(first, second).parameters
  return { ...second, parameters: { ...second.parameters, notify } }
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
