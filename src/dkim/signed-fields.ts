// Selects the header fields that a signature covers (RFC 6376 5.4). A name that is listed once more than the field occurs signs the absence
// of another one (5.4.2): oversigning (8.15), so that no such field can be added later.

import type { HeaderField } from './canonical-header.ts'

/** Listed once more than present, even if absent: fields that mail programs show and that direct replies. */
const ALWAYS_SEALED = ['from', 'reply-to', 'subject', 'to', 'cc']

/**
 * Listed once more than present, but only if present: relays add them to messages without them (Message-ID, Date, MIME-Version), which must
 * not break the signature.
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
  // RFC 8058 4 requires a signature over these two.
  'list-unsubscribe',
  'list-unsubscribe-post',
]

/** Listed as often as present: relays may add further ones. */
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
  // A decision of the author that weakens transport security (RFC 8689), and what a TLS report is about (RFC 8460 5.3).
  'tls-required',
  'tls-report-domain',
  'tls-report-submitter',
]

const NAMES: readonly (readonly [name: string, extra: 'always' | 'if present' | 'never'])[] = [
  ...ALWAYS_SEALED.map((name) => [name, 'always'] as const),
  ...SEALED_IF_PRESENT.map((name) => [name, 'if present'] as const),
  ...SIGNED_IF_PRESENT.map((name) => [name, 'never'] as const),
]

/** The value of h= as a list. It never contains trace fields or fields that relays change (RFC 6376 5.4). */
export function signedFieldNames(fields: readonly HeaderField[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const field of fields) counts.set(field.name, (counts.get(field.name) ?? 0) + 1)
  return NAMES.flatMap(([name, extra]) => {
    const present = counts.get(name) ?? 0
    const times = present + (extra === 'always' || (extra === 'if present' && present > 0) ? 1 : 0)
    return Array.from({ length: times }, () => name)
  })
}
