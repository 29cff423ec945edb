// Decides whether mailauth may hash the body of a signed message. mailauth scans an unfinished line again with every chunk, so that one line
// of 16 MB takes ten seconds, and it hashes the body once for every form that signatures request.

import type { Content } from '../message/content.ts'
import type { Field } from '../message/header.ts'
import { readSignatureTags } from '../message/signature-tags.ts'

/** Octets of one line: SMTP allows 998 (RFC 5321 4.5.3.1.6); some programs write ten thousand. */
export const MAX_LINE_OCTETS = 256 * 1024
/** Forms that are hashed for a body of any size: simple and relaxed. */
const USUAL_FORMS = 2
/** Octets to hash if there are more forms, which a sender requests with l=. */
export const MAX_HASHED_OCTETS = 16 * 1024 * 1024

const signatures = ['dkim-signature', 'arc-message-signature']
const LF = 0x0a

/** The reason why no signature over this body is verified, or null. The body is read only if it can hold such a line. */
export async function bodyProblem(fields: readonly Field[], content: Content): Promise<string | null> {
  const forms = new Set(fields.filter((field) => signatures.includes(field.key)).map(formOf))
  if (forms.size > USUAL_FORMS && forms.size * content.bodySize > MAX_HASHED_OCTETS)
    return `${forms.size} forms of a body of ${content.bodySize} octets, at most ${MAX_HASHED_OCTETS} octets are hashed`
  if (forms.size === 0 || content.bodySize <= MAX_LINE_OCTETS) return null
  return (await hasLongLine(content)) ? `a line of more than ${MAX_LINE_OCTETS} octets` : null
}

/** The form of the body that a signature hashes. */
function formOf(field: Field): string {
  const tags = readSignatureTags(field.value)
  const canonicalization = (tags.get('c') ?? '').split('/')[1] ?? 'simple'
  return `${canonicalization} ${(tags.get('a') ?? '').split('-').at(-1)} ${tags.get('l') ?? ''}`.toLowerCase()
}

/** Chunks are shorter than the limit, so only a line across chunks can be too long. */
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
