// The flow of a message: the number of its sender. The flows of a destination take turns (claim.ts). Each sender has one flow for ordinary
// mail and one for bulk mail, so bulk mail does not delay the same sender's other mail.

import { splitAddress } from '../../smtp/mailbox.ts'

/** Number of flows of ordinary mail, and again of bulk mail. Two senders share a flow with probability 1 / FLOWS. */
export const FLOWS = 1024

/** Recipients from which a message is bulk mail: it needs more than one mail transaction. */
const BULK = 51

export interface FlowFacts {
  /** JSON of smtp/origin.ts. */
  readonly origin: string
  readonly sender: string | null
  readonly recipients: number
}

/** A number from 0 to 2 × FLOWS − 1, always the same for one sender. */
export function flowOf({ origin, sender, recipients }: FlowFacts): number {
  return (hash(ownerOf(origin, sender)) % FLOWS) + (recipients >= BULK ? FLOWS : 0)
}

/** The authenticated identity, else the reverse-path without the part that VERP changes per recipient (`list-bounce-17=kim`). */
function ownerOf(origin: string, sender: string | null): string {
  if (origin.includes('"identity"')) return origin
  if (sender === null) return '<>'
  const { local, domain } = splitAddress(sender)
  const name = /^[^+=\d-]+/.exec(local)?.[0] ?? ''
  return `${name}@${domain}`.toLowerCase()
}

/** FNV-1a, 32 bits: it spreads and needs no resistance to attacks. */
function hash(text: string): number {
  let sum = 0x811c9dc5
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193)
  // The low bits of FNV alone are weak.
  return (sum ^ (sum >>> 15)) >>> 0
}
