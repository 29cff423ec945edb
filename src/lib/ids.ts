// Queue IDs in Postfix's long form: base 52 without vowels, so that an ID spells no word and is safe in file names, header fields and
// log lines. Six digits of seconds, four of microseconds, a `z`, then random digits of base 51 (never `z`). Digits are in ASCII order, so
// IDs sort by time. An ID never repeats, because a repeated one would merge two messages in the log.

import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

const alphabet = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz'
/** Six base-52 digits of seconds last until the year 2596. */
const SECOND_DIGITS = 6
/** Four base-52 digits hold 7.3 million, so all 10^6 microseconds. */
const MICROSECOND_DIGITS = 4
/** 51^5 = 345 million values for the same microsecond on different nodes. */
const RANDOM_DIGITS = 5
/** Random octets for these digits: 48 bits modulo 51^5 have no relevant bias. */
const RANDOM_OCTETS = 6
/** IDs whose octets are drawn at once: the cost of the generator is per call, and a busy node needs thousands of IDs a second. */
const IDS_PER_DRAW = 128

const longForm = /^[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,12}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{1,13}$/
/** Five hexadecimal digits of microseconds and an inode number in hexadecimal. */
const shortForm = /^[0-9A-F]{6,21}$/

/** The parts of a queue ID. `at` is unix milliseconds; a short ID holds no date. */
export type QueueIdForm = { readonly kind: 'long'; readonly at: number } | { readonly kind: 'short' }

/**
 * Creates the source of queue IDs of one process. Its IDs grow strictly, even if the clock stands still or steps back; IDs of two nodes in
 * the same microsecond differ in their random digits.
 */
export function createQueueIds(clock: Clock, random: Random): () => string {
  const nextRandom = drawInBlocks(random)
  let last = 0
  return () => {
    last = Math.max(last + 1, Math.floor(clock.now() * 1000))
    return encode(last, nextRandom())
  }
}

/** One ID, for callers that need a single one (commands, tests). A node uses one `createQueueIds`. */
export function newQueueId(clock: Clock, random: Random): string {
  return createQueueIds(clock, random)()
}

/** Reads the long form (ours and Postfix's) and Postfix's short form; null if it is neither. */
export function parseQueueId(text: string): QueueIdForm | null {
  if (longForm.test(text)) return readLong(text)
  return shortForm.test(text) ? { kind: 'short' } : null
}

/** True for both forms. */
export function isQueueId(text: string): boolean {
  return parseQueueId(text) !== null
}

/** Uses each random octet once. */
function drawInBlocks(random: Random): () => number {
  let block: Buffer = Buffer.alloc(0)
  let used = 0
  return () => {
    if (used + RANDOM_OCTETS > block.length) {
      block = random(RANDOM_OCTETS * IDS_PER_DRAW)
      used = 0
    }
    used += RANDOM_OCTETS
    return block.readUIntBE(used - RANDOM_OCTETS, RANDOM_OCTETS)
  }
}

function encode(microseconds: number, rest: number): string {
  const seconds = Math.floor(microseconds / 1_000_000)
  return (
    digits(seconds, 52, SECOND_DIGITS) +
    digits(microseconds - seconds * 1_000_000, 52, MICROSECOND_DIGITS) +
    'z' +
    digits(rest % 51 ** RANDOM_DIGITS, 51, RANDOM_DIGITS)
  )
}

function digits(value: number, base: number, width: number): string {
  let text = ''
  let rest = value
  for (let i = 0; i < width; i++) {
    text = (alphabet[rest % base] as string) + text
    rest = Math.floor(rest / base)
  }
  return text
}

function readLong(text: string): QueueIdForm | null {
  // The last `z` is the separator, because base 51 has no `z`.
  const end = text.lastIndexOf('z')
  if (end < SECOND_DIGITS + MICROSECOND_DIGITS) return null
  const seconds = value(text.slice(0, end - MICROSECOND_DIGITS))
  const micros = value(text.slice(end - MICROSECOND_DIGITS, end))
  if (micros >= 1_000_000) return null
  return { kind: 'long', at: seconds * 1000 + Math.floor(micros / 1000) }
}

function value(text: string): number {
  let result = 0
  for (const digit of text) result = result * 52 + alphabet.indexOf(digit)
  return result
}
