// `display name <address>` in the form in which people's programs write it: with brackets, commas or an address in a name without quotes,
// which the strict reader (from.ts) refuses. There is one address in angle brackets, and everything before it is the name.

import { normalizeMailbox } from '../smtp/mailbox.ts'
import { decodeWords } from './encoded-words.ts'

export interface NamedAddress {
  /** As text: without quotes, encoded words decoded; empty without a name. */
  readonly name: string
  /** In printed form (smtp/mailbox.ts). */
  readonly address: string
}

/** Octets of a value that is read. The search for quotes may take the square of it. */
const MAX_VALUE = 4096
const quotedString = /"(?:[^"\\]|\\.)*"/g

/** Null if the value has another form. */
export function readNamedAddress(value: string): NamedAddress | null {
  if (value.length > MAX_VALUE) return null
  // Brackets inside a quoted string belong to the name.
  const visible = value.replace(quotedString, (text) => ' '.repeat(text.length))
  const open = visible.indexOf('<')
  const close = visible.indexOf('>')
  const isOne = open >= 0 && close > open && open === visible.lastIndexOf('<') && close === visible.lastIndexOf('>')
  if (!isOne || !/^\s*(?:\([^()]*\))?\s*$/.test(visible.slice(close + 1))) return null
  const address = normalizeMailbox(value.slice(open + 1, close).trim())
  return address === null ? null : { name: readPhrase(value.slice(0, open)), address }
}

function readPhrase(text: string): string {
  const unquoted = text.replace(quotedString, (quoted) => quoted.slice(1, -1).replace(/\\(.)/g, '$1'))
  return decodeWords(unquoted).replace(/\s+/g, ' ').trim()
}
