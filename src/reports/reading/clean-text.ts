// Text of reports as it is stored and shown: without control characters, and cut.

import { asciiDomain } from '../../smtp/domain.ts'
import { MOST_TEXT } from './reading-limits.ts'

const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

/** One line of at most 255 characters. */
export function cleanText(text: string): string {
  // Cut first: the text can be long.
  return text
    .slice(0, 4 * MOST_TEXT)
    .replace(unseen, ' ')
    .trim()
    .slice(0, MOST_TEXT)
}

/** The same, or null for nothing. */
export function cleanOrNull(text: string | null | undefined): string | null {
  const clean = cleanText(text ?? '')
  return clean === '' ? null : clean
}

/** A domain in normal form where it is one, else the cleaned text in lower case. */
export function cleanDomain(text: string): string {
  const clean = cleanText(text).replace(/\.$/, '')
  return asciiDomain(clean) ?? clean.toLowerCase()
}
