// The search terms of a ledger row: queue ID, addresses, Message-ID, and the session of a refusal.

import type { Event } from '../../../observe/events.ts'

/** The search terms of one ledger row, each once, as `traceTerm` writes them. */
export function termsOf(queueId: string | null, events: readonly Event[]): string[] {
  const terms = new Set<string>()
  if (queueId !== null) terms.add(queueId)
  for (const event of events) {
    if (event.kind === 'received') {
      if (event.sender !== null) terms.add(traceTerm(event.sender))
      if (event.messageId !== null) terms.add(traceTerm(event.messageId))
    } else if (event.kind === 'resolved') {
      terms.add(traceTerm(event.original))
      if (event.recipient !== undefined) terms.add(traceTerm(event.recipient))
    } else if (event.kind === 'suspended' || event.kind === 'resumed') {
      terms.add(traceTerm(event.destination))
    } else if (event.kind === 'rejected' || event.kind === 'would-reject') {
      if (event.session !== undefined) terms.add(event.session)
      if (event.sender !== null) terms.add(traceTerm(event.sender))
      if (event.recipient !== undefined) terms.add(traceTerm(event.recipient))
    }
  }
  return [...terms]
}

/** A search term as it is indexed: without angle brackets; addresses and Message-IDs in lower case, queue IDs as they are. */
export function traceTerm(text: string): string {
  const bare = text.trim().replace(/^<(.*)>$/s, '$1')
  return bare.includes('@') ? bare.toLowerCase() : bare
}

/** Parts of the index; a look-up reads one of them. */
export const BUCKETS = 32
const BUCKET_SHIFT = 27

/** The hash of a term: FNV-1a, 32 bits, mixed once more. Readers compare the term itself afterwards. */
export function hashTerm(term: string): { readonly hash: number; readonly bucket: number } {
  let hash = 0x811c9dc5
  for (let i = 0; i < term.length; i++) hash = Math.imul(hash ^ term.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = (hash ^ (hash >>> 16)) >>> 0
  return { hash, bucket: hash >>> BUCKET_SHIFT }
}
