// SHA-256 and SHA-512 crypt(3), `$5$` and `$6$`, by Ulrich Drepper's public specification of 2007 ("Unix crypt using SHA-256 and SHA-512").
// The steps in comments are those of the specification. It blocks the thread for milliseconds, so it runs in the password workers.

import { createHash, hash, timingSafeEqual } from 'node:crypto'
import { chainDigest } from './sha-chain.ts'
import type { ShaWidth } from './sha-constants.ts'

interface Variant {
  readonly algorithm: 'sha256' | 'sha512'
  /** Bits of a word. */
  readonly width: ShaWidth
}

const variants = {
  '5': { algorithm: 'sha256', width: 32 },
  '6': { algorithm: 'sha512', width: 64 },
} as const satisfies Record<string, Variant>

const form = /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$]{1,16})\$([./0-9A-Za-z]+)$/
const DEFAULT_ROUNDS = 5000
/** Fewer rounds count as this many. */
const LEAST_ROUNDS = 1000
const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A new hash with the default number of rounds. `salt`: at most 16 characters of the crypt(3) alphabet. */
export function writeShaCrypt(kind: keyof typeof variants, password: string, salt: string): string {
  return `$${kind}$${salt}$${encode(digest(variants[kind], { password, salt, rounds: DEFAULT_ROUNDS }))}`
}

/** True if `text`, a complete crypt(3) hash, is that of the password. */
export function matchesShaCrypt(text: string, password: string): boolean {
  const match = form.exec(text)
  if (!match) return false
  const [, kind, rounds, salt = '', wanted = ''] = match
  const variant = variants[kind as keyof typeof variants]
  const made = encode(
    digest(variant, { password, salt, rounds: rounds === undefined ? DEFAULT_ROUNDS : Number(rounds) }),
  )
  const [a, b] = [Buffer.from(made), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}

interface Input {
  readonly password: string
  readonly salt: string
  readonly rounds: number
}

function digest({ algorithm, width }: Variant, input: Input): Buffer {
  const password = Buffer.from(input.password)
  const salt = Buffer.from(input.salt)
  // Steps 4 to 8: digest B.
  const b = hash(algorithm, Buffer.concat([password, salt, password]), 'buffer')
  // Steps 1 to 3 and 9 to 12: digest A.
  const a = createHash(algorithm).update(password).update(salt).update(repeated(b, password.length))
  for (let bits = password.length; bits > 0; bits >>>= 1) a.update(bits % 2 === 1 ? b : password)
  const first = a.digest()
  // Steps 13 to 16: the sequence P, as long as the password.
  const p = repeated(hash(algorithm, many(password, password.length), 'buffer'), password.length)
  // Steps 17 to 20: the sequence S, as long as the salt.
  const s = repeated(hash(algorithm, many(salt, 16 + (first[0] as number)), 'buffer'), salt.length)
  return stretch(width, { first, p, s, rounds: Math.max(input.rounds, LEAST_ROUNDS) })
}

/** Step 21: the digest of each round is between P and S in one of eight ways. */
function stretch(
  width: ShaWidth,
  { first, p, s, rounds }: { readonly first: Buffer; readonly p: Buffer; readonly s: Buffer; readonly rounds: number },
): Buffer {
  const nothing = Buffer.alloc(0)
  const links = Array.from({ length: 8 }, (_, bits) => {
    const middle = Buffer.concat([bits & 2 ? s : nothing, bits & 1 ? p : nothing])
    return bits & 4
      ? { before: Buffer.concat([p, middle]), after: nothing }
      : { before: nothing, after: Buffer.concat([middle, p]) }
  })
  const linkAt = (round: number) => (round % 2) * 4 + (round % 3 === 0 ? 0 : 2) + (round % 7 === 0 ? 0 : 1)
  return chainDigest(width, { first, links, length: rounds, linkAt })
}

/** The digest again and again, cut to that many octets. */
function repeated(octets: Buffer, length: number): Buffer {
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, octets)
}

function many(octets: Buffer, times: number): Buffer {
  return repeated(octets, octets.length * times)
}

/** Step 22: three octets become four characters, in an order that moves by one place from group to group. */
function encode(octets: Buffer): string {
  const isWide = octets.length === 64
  const third = isWide ? 21 : 10
  let text = ''
  let [x, y, z] = [0, third, 2 * third]
  for (let group = 0; group < third; group++) {
    text += characters([octets[x], octets[y], octets[z]], 4)
    ;[x, y, z] = isWide ? [y + 1, z + 1, x + 1] : [z + 1, x + 1, y + 1]
  }
  return text + (isWide ? characters([0, 0, octets[63]], 2) : characters([0, octets[31], octets[30]], 3))
}

/** `count` characters of six bits, lowest bits first, of a number of three octets, highest first. */
function characters([high = 0, middle = 0, low = 0]: readonly (number | undefined)[], count: number): string {
  let value = high * 65_536 + middle * 256 + low
  let text = ''
  for (let at = 0; at < count; at++, value >>>= 6) text += alphabet[value % 64] as string
  return text
}
