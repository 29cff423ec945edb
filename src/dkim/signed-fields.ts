// Which header fields a signature covers (RFC 6376 5.4), and how often each is named.
// A name beyond the last instance is signed as absent (5.4.2), so nobody can add such a field later: oversigning (8.15).

import type { HeaderField } from './canonical-header.ts'

/** Named once more than present, even if absent: what a reader sees first and where an answer goes. */
const ALWAYS_SEALED = ['from', 'reply-to', 'subject', 'to', 'cc']

/**
 * Named once more than present, if present. Absent they stay open, for relays add them to mail that lacks them
 * (Message-ID, Date, MIME-Version) and that must not break the signature.
 */
const SEALED_IF_PRESENT = [
  'sender',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  // RFC 8058 4 demands that these two are signed.
  'list-unsubscribe',
  'list-unsubscribe-post',
]

/** Named as often as present: others may add their own on the way. */
const SIGNED_IF_PRESENT = [
  'content-id',
  'content-description',
  'content-disposition',
  'content-language',
  'resent-date',
  'resent-from',
  'resent-sender',
  'resent-to',
  'resent-cc',
  'resent-message-id',
  'list-id',
  'list-help',
  'list-subscribe',
  'list-post',
  'list-owner',
  'list-archive',
  'auto-submitted',
  'precedence',
  'feedback-id',
  'autocrypt',
  'openpgp',
]

const NAMES: readonly (readonly [name: string, extra: 'always' | 'if present' | 'never'])[] = [
  ...ALWAYS_SEALED.map((name) => [name, 'always'] as const),
  ...SEALED_IF_PRESENT.map((name) => [name, 'if present'] as const),
  ...SIGNED_IF_PRESENT.map((name) => [name, 'never'] as const),
]

/** The value of h= as a list. Trace fields and what may change on the way are never in it (RFC 6376 5.4). */
export function signedFieldNames(fields: readonly HeaderField[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const field of fields) counts.set(field.name, (counts.get(field.name) ?? 0) + 1)
  return NAMES.flatMap(([name, extra]) => {
    const present = counts.get(name) ?? 0
    const times = present + (extra === 'always' || (extra === 'if present' && present > 0) ? 1 : 0)
    return Array.from({ length: times }, () => name)
  })
}
