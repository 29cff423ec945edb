// Decodes the SASL messages of OAUTHBEARER (RFC 7628 3.1) and of XOAUTH2, its form of Google and Microsoft: a user and a bearer token.

import { decodeBase64 } from './sasl.ts'

export type BearerMessage =
  | {
      readonly kind: 'bearer'
      /** Null if the token alone names the user. */
      readonly user: string | null
      readonly token: string
    }
  | { readonly kind: 'malformed' }

const malformed: BearerMessage = { kind: 'malformed' }
const SEPARATOR = '\u0001'
/** Tokens are of b64token (RFC 6750 2.1). Longer ones than 8 KiB fit no HTTP header either. */
const auth = /^auth=bearer +([A-Za-z0-9._~+/-]{1,8192}=*)$/i
/** As in sasl.ts. */
const MAX_NAME_OCTETS = 320

/** `n,a=USER,^Ahost=…^Aport=…^Aauth=Bearer TOKEN^A^A`. Host and port are of no use where TLS has named the server. */
export function decodeOauthBearer(text: string): BearerMessage {
  const [header = '', ...pairs] = decodeBase64(text)?.split(SEPARATOR) ?? []
  // No channel binding exists for this mechanism (RFC 7628 3.1).
  const match = /^[ny],(?:a=([^,]*))?,$/.exec(header)
  if (!match || pairs.at(-1) !== '' || pairs.at(-2) !== '') return malformed
  const user = match[1]?.replaceAll('=2C', ',').replaceAll('=3D', '=') ?? ''
  return messageOf(user, pairs)
}

/** `user=USER^Aauth=Bearer TOKEN^A^A`. */
export function decodeXoauth2(text: string): BearerMessage {
  const pairs = decodeBase64(text)?.split(SEPARATOR) ?? []
  const user = pairs[0]?.startsWith('user=') ? pairs[0].slice('user='.length) : ''
  if (user === '' || pairs.at(-1) !== '' || pairs.at(-2) !== '') return malformed
  return messageOf(user, pairs)
}

function messageOf(user: string, pairs: readonly string[]): BearerMessage {
  const found = pairs.flatMap((pair) => auth.exec(pair)?.[1] ?? [])
  const [token] = found
  if (token === undefined || found.length > 1) return malformed
  if (/\p{Cc}/u.test(user) || Buffer.byteLength(user) > MAX_NAME_OCTETS) return malformed
  return { kind: 'bearer', user: user === '' ? null : user, token }
}
