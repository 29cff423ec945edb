// MD5-crypt, `$1$salt$hash`, as FreeBSD's crypt(3) defined it. Old hashes are verified; a new one is created only for the explicit scheme name.

import { createHash } from 'node:crypto'

/** The alphabet of crypt(3), least significant six bits first. */
const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ROUNDS = 1000
const SALT_CHARACTERS = 8
/** The order in which crypt(3) takes the sixteen octets, three at a time. */
const order = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
] as const

/** The whole hash for a password and a salt of up to eight characters. */
export function md5Crypt(password: string, salt: string): string {
  const key = Buffer.from(password, 'utf8')
  const pepper = Buffer.from(salt.slice(0, SALT_CHARACTERS), 'latin1')
  let digest = firstDigest(key, pepper)
  for (let round = 0; round < ROUNDS; round++) {
    const parts = [round % 2 ? key : digest]
    if (round % 3) parts.push(pepper)
    if (round % 7) parts.push(key)
    parts.push(round % 2 ? digest : key)
    digest = md5(...parts)
  }
  return `$1$${pepper.toString('latin1')}$${encode(digest)}`
}

function firstDigest(key: Buffer, salt: Buffer): Buffer {
  const alternate = md5(key, salt, key)
  const parts = [key, Buffer.from('$1$'), salt]
  for (let left = key.length; left > 0; left -= 16) parts.push(alternate.subarray(0, Math.min(16, left)))
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? Buffer.from([0]) : key.subarray(0, 1))
  return md5(...parts)
}

function encode(digest: Buffer): string {
  const at = (index: number) => digest[index] as number
  const groups = order.map(([a, b, c]) => sixes((at(a) << 16) | (at(b) << 8) | at(c), 4))
  return groups.join('') + sixes(at(11), 2)
}

function sixes(value: number, count: number): string {
  return Array.from({ length: count }, (_, index) => alphabet[(value >> (6 * index)) & 0x3f]).join('')
}

function md5(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
