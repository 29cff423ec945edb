// The authors that mail programs may show. Where the strict reader (from.ts) has no doubt, these are its addresses. Where it has, this
// second reader finds every address that some program would show: programs repair stray brackets, missing quotes and unfinished
// comments, each in its own way, so a forger can choose a form that the check of the author's domain does not understand (RFC 9989 11.5).

import { domainToASCII } from 'node:url'
import { asciiDomain, addressLiteral, isAscii } from '../smtp/domain.ts'
import { domainOf, normalizeMailbox } from '../smtp/mailbox.ts'
import { endOfComment } from './address-tokens.ts'
import { decodeWords } from './encoded-words.ts'
import { readAuthors } from './from.ts'
import { fieldsNamed } from './header.ts'
import type { Field } from './header.ts'

export interface ShownAuthors {
  /** In printed form where the address is one, in order, each once. */
  readonly addresses: readonly string[]
  /** Their domains in lower case with A-labels, each once. */
  readonly domains: readonly string[]
  /** Why the strict reader has doubts; null if it has none. */
  readonly problem: string | null
}

/** Checks, envelopes and forwards of one message ask the same question, one after the other. A WeakMap for all would cost more than it saves. */
let last: { readonly fields: readonly Field[]; readonly shown: ShownAuthors } | null = null

/** Reads all From: fields of a header section. Linear in their size; a second call with the same array costs nothing. */
export function readShownAuthors(fields: readonly Field[]): ShownAuthors {
  if (last?.fields !== fields) last = { fields, shown: readFrom(fields) }
  return last.shown
}

function readFrom(fields: readonly Field[]): ShownAuthors {
  const strict = readAuthors(fields)
  const from = fieldsNamed(fields, 'from')
  const hidden = from.flatMap((field) => bracketedInWords(field.value))
  if (strict.problems.length === 0 && hidden.length === 0) return shown(strict.addresses, null)
  const problem = strict.problems[0] ?? 'address inside an encoded word'
  const found = from.flatMap((field) => addressesShown(field.value))
  return shown([...strict.addresses, ...found, ...hidden], problem)
}

function shown(addresses: readonly string[], problem: string | null): ShownAuthors {
  const [only, ...others] = addresses
  if (only !== undefined && others.length === 0) return { addresses, domains: [domainOf(only).toLowerCase()], problem }
  // `Ann@Home <ann@example.net>`: a name of one label is no mail domain where there is a better one.
  const dotted = addresses.filter((one) => /[.[]/.test(domainOf(one)))
  const unique = [...new Set(dotted.length > 0 ? dotted : addresses)]
  return { addresses: unique, domains: [...new Set(unique.map((one) => domainOf(one).toLowerCase()))], problem }
}

/**
 * The addresses of a value that the strict reader cannot read. Quoted strings and comments are names; only a value without any other
 * address is searched for addresses in them too.
 */
function addressesShown(value: string): string[] {
  const names = readings(value, false)
  const found = names.flatMap(addressesIn)
  return found.length > 0 ? found : readings(decodeWords(value), true).flatMap(addressesIn)
}

/** Every address-like part of a text, wherever it is: also of display names. */
export function addressesAnywhere(text: string): readonly string[] {
  return [...new Set(readings(decodeWords(text), true).flatMap(addressesIn))]
}

/**
 * A display name in encoded words whose decoded text has an address in brackets: programs that decode first show that address.
 * `=?…?=` without brackets is an ordinary name.
 */
function bracketedInWords(value: string): string[] {
  if (!value.includes('=?')) return []
  const decoded = decodeWords(value)
  if (decoded === value) return []
  const written = new Set(addressesIn(value))
  return [...decoded.matchAll(/<([^<>]*@[^<>]*)>?/g)]
    .flatMap(([, inside = '']) => addressesIn(inside))
    .filter((one) => !written.has(one))
}

/**
 * The forms in which programs read a value: comments as nothing and as a gap, control characters as nothing and as an end.
 * @param whole also with the text of quoted strings and comments
 */
function readings(value: string, whole: boolean): readonly string[] {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const controls = /[\x00-\x1f\x7f]+/g
  const texts = controls.test(value) ? [value.replace(controls, ''), value.replace(controls, ' ')] : [value]
  if (whole) return texts.map((text) => text.replaceAll(/["()\\]/g, ' '))
  return [...new Set(texts.flatMap((text) => [withoutNames(text, ''), withoutNames(text, ' ')]))]
}

/** The text without quoted strings, except those before an `@`, and with `gap` for each comment. What is not finished stays as text. */
function withoutNames(text: string, gap: string): string {
  const quoted = /"(?:[^"\\]|\\.)*"/y
  const parts: string[] = []
  let start = 0
  let at = 0
  // After an unfinished comment or string no other is searched to the end of the text, which keeps the work linear.
  let open = false
  let unquoted = false
  const skipTo = (end: number, instead: string) => {
    parts.push(text.slice(start, at), instead)
    start = at = end
  }
  while (at < text.length) {
    const c = text[at]
    quoted.lastIndex = at
    const string = c === '"' && !unquoted ? quoted.exec(text)?.[0] : undefined
    if (c === '"' && string === undefined) unquoted = true
    if (string !== undefined && text[at + string.length] !== '@') {
      skipTo(at + string.length, ' ')
      continue
    }
    const end = c === '(' && !open ? endOfComment(text, at) : 0
    if (end > 0) skipTo(end, gap)
    else {
      if (end < 0) open = true
      at += string?.length ?? 1
    }
  }
  return [...parts, text.slice(start)].join('')
}

const localPart = /(?:"(?:[^"\\]|\\.){0,64}"|[^\s<>,;:"()[\]\\@]{1,64})$/
/** Text before an `@` that can hold a local part: 64 octets and as many escapes. */
const LOCAL_TEXT = 140
/** Characters that end a domain: all but letters, digits, hyphen, underscore, dot, and everything beyond ASCII except white space. */
const ends = '\\s\\x00-\\x2c\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\x7f'
const label = `[^.${ends}]+`
/** Characters of an address literal: more than the longest IPv6 form with its tag. Without a limit, `@[` again and again takes quadratic time. */
const LITERAL = 64
const tightDomain = new RegExp(`(?:\\[[^\\]\\s]{0,${LITERAL}}\\]?|[^${ends}]+)`, 'y')
const looseDomain = new RegExp(`\\s*${label}(?:\\s*\\.\\s*${label})*`, 'y')

/** The address at each `@`. White space around `@` and dots is the obsolete syntax of RFC 5322 4.4, which some programs still read. */
function addressesIn(text: string): string[] {
  const found: string[] = []
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const before = text.slice(Math.max(0, at - LOCAL_TEXT), at).trimEnd()
    const local = localPart.exec(before)?.[0] ?? ''
    for (const pattern of [tightDomain, looseDomain]) {
      pattern.lastIndex = at + 1
      const domain = shownDomain(pattern.exec(text)?.[0] ?? '')
      if (domain !== null) found.push(normalizeMailbox(`${local}@${domain}`) ?? `${local}@${domain}`)
    }
  }
  return found
}

/** The domain that a program makes of the text, also where that needs a mapping of characters (full-width letters and dots). */
function shownDomain(text: string): string | null {
  // A literal that no program understands stays as it is: it is one more author, and nothing is known about it.
  if (text.startsWith('[')) return addressLiteral(text) ?? text.toLowerCase()
  // A run of dots is tried from its first one only, which keeps the work linear.
  const bare = text.replaceAll(/\s+/g, '').replaceAll(/^\.+|(?<!\.)\.+$/g, '')
  // A name that is too long, or has an underscore, can still be below the domain of a policy.
  const other = isAscii(bare) && bare !== '' ? bare.toLowerCase() : null
  return asciiDomain(bare) ?? asciiDomain(domainToASCII(bare)) ?? other
}
