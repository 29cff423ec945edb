// Whether the body of a signed message is one that mailauth may hash. It keeps a line until it ends and looks at all of it again with every
// chunk, so that one line of 16 MB takes ten seconds; and every form of the body that signatures ask for is hashed by itself.

import type { Content } from '../message/content.ts'
import type { Field } from '../message/header.ts'
import { lenientTags } from './lenient-tags.ts'

/** Octets of one line: SMTP allows 998 (RFC 5321 4.5.3.1.6), programs that know no such limit write some ten thousand. */
export const MAX_LINE_OCTETS = 256 * 1024
/** Forms that are hashed whatever the size of the body: simple and relaxed. */
const USUAL_FORMS = 2
/** Octets to hash where there are more forms: strangers ask for them by l=. */
export const MAX_HASHED_OCTETS = 64 * 1024 * 1024

const signatures = ['dkim-signature', 'arc-message-signature']
const LF = 0x0a

/** Why no signature over this body is looked at, or null. Reads the body only if it could hold such a line. */
export async function bodyProblem(fields: readonly Field[], content: Content): Promise<string | null> {
  const forms = new Set(fields.filter((field) => signatures.includes(field.key)).map(formOf))
  if (forms.size > USUAL_FORMS && forms.size * content.bodySize > MAX_HASHED_OCTETS)
    return `${forms.size} forms of a body of ${content.bodySize} octets, at most ${MAX_HASHED_OCTETS} octets are hashed`
  if (forms.size === 0 || content.bodySize <= MAX_LINE_OCTETS) return null
  return (await hasLongLine(content)) ? `a line of more than ${MAX_LINE_OCTETS} octets` : null
}

/** What of the body a signature hashes, and how. */
function formOf(field: Field): string {
  const tags = lenientTags(field.value)
  const canonicalization = (tags.get('c') ?? '').split('/')[1] ?? 'simple'
  return `${canonicalization} ${(tags.get('a') ?? '').split('-').at(-1)} ${tags.get('l') ?? ''}`.toLowerCase()
}

/** Chunks are shorter than the cap, so only what lies between the line ends of neighbours can be too long. */
async function hasLongLine(content: Content): Promise<boolean> {
  let length = 0
  for await (const chunk of content.openBody() as AsyncIterable<Buffer>) {
    const first = chunk.indexOf(LF)
    length += first < 0 ? chunk.length : first
    if (length > MAX_LINE_OCTETS) return true
    if (first >= 0) length = chunk.length - 1 - chunk.lastIndexOf(LF)
  }
  return false
}
