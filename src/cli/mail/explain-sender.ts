// What `waypost explain` says about the sender if the operator names none: the one that it assumed, and what happens to a foreign one, since
// the null sender is never rewritten.

import type { Destination, ResolveRequest, Router } from '../../route/resolution.ts'
import type { Origin } from '../../smtp/origin.ts'

/** A domain that is reserved for examples: it is foreign everywhere. */
const FOREIGN_SENDER = 'someone@sender.example'

/** The fate of a sender of another organisation. */
export interface ForeignSender {
  readonly sender: string
  readonly destinations: readonly Pick<Destination, 'recipient' | 'nextHop' | 'reversePath'>[]
}

/** Null if the recipient has no destination for such a sender, or if the client may not use one: users and machines have senders of ours. */
export async function explainForeignSender(
  router: Pick<Router, 'resolve'>,
  request: Omit<ResolveRequest, 'reversePath'>,
): Promise<ForeignSender | null> {
  if (request.origin.kind === 'user' || request.origin.kind === 'machine') return null
  const found = await router.resolve({ ...request, reversePath: FOREIGN_SENDER })
  if (found.kind !== 'destinations') return null
  const destinations = found.destinations.map(({ recipient, nextHop, reversePath }) => ({
    recipient,
    nextHop,
    reversePath,
  }))
  return { sender: FOREIGN_SENDER, destinations }
}

/** Lines about the assumption and about the foreign sender. */
export function senderLines(origin: Origin, foreign: ForeignSender | null): string[] {
  const name = 'identity' in origin ? origin.identity : 'role' in origin ? origin.role : ''
  const client = `${origin.kind}${name === '' ? '' : `:${name}`}`
  const assumed = `assumed: the null sender <>, origin ${client} (see --from and --as)`
  if (!foreign) return ['', assumed]
  return [
    '',
    assumed,
    `with a foreign sender such as <${foreign.sender}>:`,
    ...foreign.destinations.map(({ recipient, nextHop, reversePath }) => {
      const unchanged = reversePath === foreign.sender ? ', unchanged at this node' : ''
      return `   ${recipient}, next hop ${nextHop}: MAIL FROM <${reversePath ?? ''}>${unchanged}`
    }),
  ]
}
