// Decodes the SASL messages of PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login) and EXTERNAL (RFC 4422 appendix A). The SMTP framing
// (RFC 4954) is in commands/auth-command.ts.

import { isUtf8 } from 'node:buffer'

export type PlainMessage =
  | { readonly kind: 'plain'; readonly authzid: string | null; readonly user: string; readonly password: string }
  | { readonly kind: 'malformed' }

/** Local part, `@` and domain (RFC 5321 4.5.3.1). The login throttle remembers hundreds of thousands of names. */
const MAX_NAME_OCTETS = 320

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const control = /[\x00-\x1f\x7f-\x9f]/
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Strict base64 of UTF-8; null for anything else, which is a 501 (RFC 4954 4). */
export function decodeBase64(text: string): string | null {
  if (!base64.test(text)) return null
  const octets = Buffer.from(text, 'base64')
  return isUtf8(octets) ? octets.toString('utf8') : null
}

/**
 * `authzid NUL authcid NUL password` (RFC 4616 2). Some clients send the user only as authzid; it is then the user. An empty user or
 * password, a control character in a name and a name that is too long are malformed.
 */
export function decodePlain(text: string): PlainMessage {
  const parts = decodeBase64(text)?.split('\0')
  if (parts?.length !== 3) return { kind: 'malformed' }
  const [authzid, authcid, password] = parts as [string, string, string]
  const user = authcid === '' ? authzid : authcid
  if (user === '' || password === '' || !isName(user) || !isName(authzid)) return { kind: 'malformed' }
  return { kind: 'plain', authzid: authzid === '' ? null : authzid, user, password }
}

/** The user of LOGIN, or the authzid of EXTERNAL: UTF-8 without control characters and not too long; null if malformed. */
export function decodeName(text: string): string | null {
  const name = decodeBase64(text)
  return name === null || !isName(name) ? null : name
}

function isName(text: string): boolean {
  return !control.test(text) && Buffer.byteLength(text) <= MAX_NAME_OCTETS
}
