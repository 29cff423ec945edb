// SASL messages of the mechanisms we offer: PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), EXTERNAL (RFC 4422 appendix A).
// Reads octets, decides nothing; the framing in SMTP (RFC 4954) is commands/auth.ts.

import { isUtf8 } from 'node:buffer'

export type PlainMessage =
  | { readonly kind: 'plain'; readonly authzid: string | null; readonly user: string; readonly password: string }
  | { readonly kind: 'malformed' }
  /** An authorisation identity that is not the authenticating user: acting for others is not offered. */
  | { readonly kind: 'other-identity' }

/** No name is longer: a local part, an `@`, a domain (RFC 5321 4.5.3.1). The brake against guessing remembers names by the hundred thousand. */
const MOST_NAME_OCTETS = 320

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const control = /[\x00-\x1f\x7f-\x9f]/
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Strict base64 (RFC 4954 4: anything else is 501) holding UTF-8; null if it is not. */
export function decodeBase64(text: string): string | null {
  if (!base64.test(text)) return null
  const octets = Buffer.from(text, 'base64')
  return isUtf8(octets) ? octets.toString('utf8') : null
}

/**
 * `authzid NUL authcid NUL password` (RFC 4616 2). Some clients put the user in the first place only; that is read as the user.
 * An empty user or password, control characters in a name or a name longer than any are malformed.
 */
export function decodePlain(text: string): PlainMessage {
  const parts = decodeBase64(text)?.split('\0')
  if (parts?.length !== 3) return { kind: 'malformed' }
  const [authzid, authcid, password] = parts as [string, string, string]
  const user = authcid === '' ? authzid : authcid
  if (user === '' || password === '' || !isName(user) || !isName(authzid)) return { kind: 'malformed' }
  if (authzid !== '' && authzid !== user) return { kind: 'other-identity' }
  return { kind: 'plain', authzid: authzid === '' ? null : authzid, user, password }
}

/** A name of LOGIN, or the authzid of EXTERNAL: UTF-8 without control characters, no longer than names are; null if malformed. */
export function decodeName(text: string): string | null {
  const name = decodeBase64(text)
  return name === null || !isName(name) ? null : name
}

function isName(text: string): boolean {
  return !control.test(text) && Buffer.byteLength(text) <= MOST_NAME_OCTETS
}
