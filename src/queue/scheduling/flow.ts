// Room queue: whose mail it is, as a number: the flows of a destination take turns (operations/claim.ts). A sender owns one flow for his
// ordinary mail and one for messages with very many recipients, so his own letter does not wait behind his own circular either.

import { splitAddress } from '../../smtp/mailbox.ts'

/** Flows of ordinary mail; as many again for bulk. Two senders share one by chance of 1 in this. */
export const FLOWS = 1024

/** Recipients from which a message counts as bulk: it needs more than one transaction anyway. */
const BULK = 51

export interface FlowFacts {
  /** JSON of smtp/origin.ts. */
  readonly origin: string
  readonly sender: string | null
  readonly recipients: number
}

/** From 0 to 2 × FLOWS − 1, always the same for the same sender. */
export function flowOf({ origin, sender, recipients }: FlowFacts): number {
  return (hash(ownerOf(origin, sender)) % FLOWS) + (recipients >= BULK ? FLOWS : 0)
}

/** Who authenticated, else who it says it is from; one address for each recipient (VERP: `list-bounce-17=kim`) is still one sender. */
function ownerOf(origin: string, sender: string | null): string {
  if (origin.includes('"identity"')) return origin
  if (sender === null) return '<>'
  const { local, domain } = splitAddress(sender)
  const name = /^[^+=\d-]+/.exec(local)?.[0] ?? ''
  return `${name}@${domain}`.toLowerCase()
}

/** FNV-1a, 32 bits: spreads, need not withstand anybody. */
function hash(text: string): number {
  let sum = 0x811c9dc5
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193)
  // The low bits of FNV alone are weak.
  return (sum ^ (sum >>> 15)) >>> 0
}
