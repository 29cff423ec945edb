// Patterns of the addresses that DNS lists answer: an address whose parts are a number, a range `4-7` or `*`; the last part can be
// `&64`, a bit that is set.

import { isIPv4 } from 'node:net'

/** One part of the address: from, to, or a bit that must be set. */
type Part = { readonly from: number; readonly to: number } | { readonly bit: number }

export type AnswerPattern = readonly Part[]

const PARTS = 4
const MAX_PART = 255

/** Null if the text is no pattern. */
export function parseAnswerPattern(text: string): AnswerPattern | null {
  const parts = text.split('.').map(readPart)
  if (parts.length !== PARTS || parts.some((part, i) => part === null || ('bit' in part && i < PARTS - 1))) return null
  return parts as Part[]
}

function readPart(text: string): Part | null {
  if (text === '*') return { from: 0, to: MAX_PART }
  const [, sign = '', first = '', last = first] = /^(&?)(\d{1,3})(?:-(\d{1,3}))?$/.exec(text) ?? []
  if (first === '') return null
  const from = Number(first)
  const to = Number(last)
  if (to > MAX_PART || from > to) return null
  if (sign === '') return { from, to }
  // One bit: two bits in one pattern would leave open whether both must be set.
  return first === last && from > 0 && (from & (from - 1)) === 0 ? { bit: from } : null
}

/** @param address IPv4 as text */
export function matchesAnswer(pattern: AnswerPattern, address: string): boolean {
  if (!isIPv4(address)) return false
  const parts = address.split('.').map(Number)
  return pattern.every((part, i) => {
    const found = parts[i] as number
    return 'bit' in part ? (found & part.bit) !== 0 : found >= part.from && found <= part.to
  })
}
