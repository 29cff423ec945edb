// Tokens for senders that are too long for SRS; a store on the node that wrote a token keeps its sender. The token is a pseudo sender
// `token@1` in an ordinary SRS address, as in postsrsd's database mode, so hash and age are checked before the store is read.

import { createHash } from 'node:crypto'
import { encodeSrs } from './srs.ts'
import type { SrsDecoded, SrsEncoded, SrsSettings } from './srs.ts'

export interface TokenStore {
  /** Stores a sender until its SRS address expires. Resolves once it is durable, to false if it does not fit; rejects on disk errors. */
  keep(token: string, sender: string, at: number): Promise<boolean>
  /** The sender, or null for an unknown token. */
  find(token: string): Promise<string | null>
}

/** Not a DNS domain, because it is a single label and a number. */
const TOKEN_DOMAIN = '1'
const alphabet = '0123456789abcdefghijklmnopqrstuv'

export type TokenEncoded = SrsEncoded | { readonly kind: 'unavailable'; readonly cause: string }

/** The SRS form of a sender that is too long; it is stored first. */
export async function encodeToken(
  sender: string,
  at: number,
  settings: SrsSettings,
  store: TokenStore,
): Promise<TokenEncoded> {
  const token = tokenOf(sender)
  const made = encodeSrs(`${token}@${TOKEN_DOMAIN}`, at, settings)
  if (made.kind !== 'rewritten') return made
  try {
    const isKept = await store.keep(token, sender, at)
    return isKept ? made : { kind: 'unavailable', cause: 'SRS token store: full of tokens in use' }
  } catch (error) {
    return { kind: 'unavailable', cause: `SRS token store: ${String(error)}` }
  }
}

/** The token of a decoded address, or null if it is an ordinary sender. */
export function tokenIn(decoded: SrsDecoded): string | null {
  if (decoded.kind !== 'decoded' || !decoded.address.endsWith(`@${TOKEN_DOMAIN}`)) return null
  const token = decoded.address.slice(0, -1 - TOKEN_DOMAIN.length).toLowerCase()
  return /^[0-9a-v]{32}$/.test(token) ? token : null
}

/** SHA-1 of the sender in base32hex (RFC 4648 section 7): 160 bits are 32 case-insensitive characters. */
function tokenOf(sender: string): string {
  const digest = createHash('sha1').update(sender).digest()
  let bits = 0
  let held = 0
  let token = ''
  for (const byte of digest) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      token += alphabet[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return token
}
