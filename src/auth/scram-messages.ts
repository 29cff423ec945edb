// The messages of SCRAM (RFC 5802 5 and 7) on the side of the server: read those of the client, write those of the server.

export interface ClientFirst {
  readonly kind: 'first'
  /** With the encodings of `,` and `=` removed. */
  readonly user: string
  readonly authzid: string | null
  /** The channel binding that the client uses; null if it has none, `y` if it believes that the server has none. */
  readonly binding: { readonly kind: 'none' | 'not-offered' } | { readonly kind: 'used'; readonly type: string }
  readonly gs2Header: string
  /** The message without the GS2 header. */
  readonly bare: string
  readonly nonce: string
}

export interface ClientFinal {
  readonly kind: 'final'
  /** The GS2 header and the data of the channel. */
  readonly channel: Buffer
  readonly nonce: string
  readonly proof: Buffer
  readonly withoutProof: string
}

export type Malformed = { readonly kind: 'malformed'; readonly cause: string }

// gs2-cbind-flag, authzid, then the bare message: `m=` is for mandatory extensions, of which none exists (RFC 5802 5.1).
const first =
  /^((?:([ny])|p=([A-Za-z0-9.-]{1,64})),(?:a=([^,]+))?,)(n=([^,]+),r=([!-+\--~]{1,512})(?:,[A-Za-z]=[^,]*)*)$/
const final = /^((c=([A-Za-z0-9+/]+={0,2})),r=([!-+\--~]{1,1024})(?:,[A-Za-z]=[^,]*)*),p=([A-Za-z0-9+/]+={0,2})$/
/** As in sasl.ts: local part, `@` and domain. */
const MAX_NAME_OCTETS = 320

export function readClientFirst(message: string): ClientFirst | Malformed {
  const match = first.exec(message)
  if (!match) return malformed('the first message is no client-first-message')
  const [, gs2Header = '', flag, type, writtenAuthzid, bare = '', writtenUser = '', nonce = ''] = match
  const user = readName(writtenUser)
  const authzid = writtenAuthzid === undefined ? null : readName(writtenAuthzid)
  if (user === null || (authzid === null && writtenAuthzid !== undefined)) return malformed('malformed user name')
  const binding =
    type === undefined ? ({ kind: flag === 'y' ? 'not-offered' : 'none' } as const) : ({ kind: 'used', type } as const)
  return { kind: 'first', user, authzid, binding, gs2Header, bare, nonce }
}

export function readClientFinal(message: string): ClientFinal | Malformed {
  const match = final.exec(message)
  if (!match) return malformed('the second message is no client-final-message')
  const [, withoutProof = '', , channel = '', nonce = '', proof = ''] = match
  const octets = (text: string) => Buffer.from(text, 'base64')
  return { kind: 'final', channel: octets(channel), nonce, proof: octets(proof), withoutProof }
}

export function writeServerFirst(given: {
  readonly nonce: string
  readonly salt: Buffer
  readonly rounds: number
}): string {
  return `r=${given.nonce},s=${given.salt.toString('base64')},i=${given.rounds}`
}

/** Null for an equals sign that encodes nothing (RFC 5802 5.1), a control character, or a name that is too long. */
function readName(written: string): string | null {
  if (/=(?!2C|3D)/.test(written) || /\p{Cc}/u.test(written)) return null
  const name = written.replaceAll('=2C', ',').replaceAll('=3D', '=')
  return Buffer.byteLength(name) <= MAX_NAME_OCTETS ? name : null
}

function malformed(cause: string): Malformed {
  return { kind: 'malformed', cause }
}
