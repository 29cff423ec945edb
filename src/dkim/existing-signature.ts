// Finds a valid signature by the same key, so that a message is not signed twice: submission signs messages that later pass srs. The public
// key is known, so no DNS query is needed. An invalid signature does not count.

import { createHash, createPublicKey, verify as verifyWith } from 'node:crypto'
import { type HeaderField, signedOctets } from './canonical-header.ts'
import type { DkimKey } from './key.ts'

/** Signatures that are checked: each costs a public-key operation. */
const MAX_LOOKED_AT = 10

/** True if one of the fields is a signature by the key, relaxed/relaxed over the whole body, and verifies. */
export function alreadySigned(fields: readonly HeaderField[], bodyHash: string, key: DkimKey): boolean {
  const signatures = fields.filter((field) => field.name === 'dkim-signature').slice(0, MAX_LOOKED_AT)
  return signatures.some((signature) => holds(signature, { fields, bodyHash, key }))
}

function holds(
  signature: HeaderField,
  message: { readonly fields: readonly HeaderField[]; readonly bodyHash: string; readonly key: DkimKey },
): boolean {
  const { key, fields, bodyHash } = message
  const tags = readTags(signature.raw)
  const wanted = { d: key.domain, s: key.selector, a: key.algorithm, bh: bodyHash, c: 'relaxed/relaxed' }
  if (Object.entries(wanted).some(([name, value]) => tags.get(name) !== value)) return false
  // With l= others may have added to the body; an expired signature is worthless.
  if (tags.has('l') || tags.has('x')) return false
  const names = (tags.get('h') ?? '').split(':')
  if (!names.some((name) => name.toLowerCase() === 'from')) return false
  const raw = signature.raw.replace(/([;:][ \t\r\n]*b[ \t\r\n]*=)[^;]*/, '$1')
  const octets = signedOctets(fields, names, { raw, form: 'relaxed' })
  const bytes = Buffer.from(tags.get('b') ?? '', 'base64')
  const publicKey = createPublicKey(key.privateKey)
  if (key.algorithm === 'rsa-sha256') return verifyWith('sha256', octets, publicKey, bytes)
  return verifyWith(null, createHash('sha256').update(octets).digest(), publicKey, bytes)
}

/** Tags without white space in their values (RFC 6376 3.2). */
function readTags(raw: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  for (const tag of raw.slice(raw.indexOf(':') + 1).split(';')) {
    const equals = tag.indexOf('=')
    if (equals > 0) tags.set(tag.slice(0, equals).trim(), tag.slice(equals + 1).replace(/\s+/g, ''))
  }
  return tags
}
