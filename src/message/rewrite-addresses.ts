// Replaces the addresses in the value of an address field (RFC 5322 3.4) and keeps everything else: names, comments, groups. It also finds
// addresses without a domain, as in `root (Cron Daemon)`.

import { endOfComment } from './address-tokens.ts'

interface Span {
  readonly start: number
  readonly end: number
}

const quoted = /"(?:[^"\\]|\\.)*"/y
const literal = /\[[^[\]\\]*\]/y
const space = /[ \t]/
/** Inside brackets these are parts of source routes only. */
const separator = /[,;:]/
const encodedWord = /=\?[^?]+\?[bq]\?[^?]*\?=/i

/**
 * The value with each address replaced by what `change` returns for it. A value that cannot be split without doubt is returned unchanged.
 * @param value unfolded
 */
export function rewriteAddresses(value: string, change: (address: string) => string): string {
  const spans = addressSpans(value)
  let text = ''
  let copied = 0
  for (const { start, end } of spans) {
    const address = value.slice(start, end)
    text += value.slice(copied, start) + (encodedWord.test(address) ? address : change(address))
    copied = end
  }
  return text + value.slice(copied)
}

/** The addresses of the value, as written; none if it is malformed. */
export function findAddresses(value: string): readonly string[] {
  return addressSpans(value).map(({ start, end }) => value.slice(start, end))
}

/** Where the addresses are, in order; none if the value is malformed. */
function addressSpans(value: string): readonly Span[] {
  const found: Span[] = []
  /** The words of the current entry: a single one without angle brackets is an address. */
  let words: Span[] = []
  let word: number | null = null
  let inBrackets = false
  let hadBrackets = false
  const endWord = (at: number) => {
    if (word !== null) words.push({ start: word, end: at })
    word = null
  }
  const endEntry = (at: number) => {
    endWord(at)
    const [only, ...others] = words
    if (!hadBrackets && only && others.length === 0) found.push(only)
    words = []
    hadBrackets = false
  }
  for (let at = 0; at < value.length; ) {
    const c = value[at] as string
    if (c === '(') {
      const end = endOfComment(value, at)
      if (end < 0) return []
      endWord(at)
      at = end
      continue
    }
    if (c === '"' || c === '[') {
      const end = endOfMatch(value, at, c === '"' ? quoted : literal)
      if (end === null) return []
      word ??= at
      at = end
      continue
    }
    if (space.test(c)) endWord(at)
    else if (c === '<') {
      if (inBrackets) return []
      endWord(at)
      words = []
      inBrackets = true
    } else if (c === '>') {
      if (!inBrackets) return []
      endWord(at)
      const [only, ...others] = words
      // A source route (RFC 5322 4.4) stays: it starts with `@`.
      if (only && others.length === 0 && value[only.start] !== '@') found.push(only)
      words = []
      inBrackets = false
      hadBrackets = true
    } else if (!inBrackets && (c === ',' || c === ';')) endEntry(at)
    else if (!inBrackets && c === ':') {
      // The name of a group.
      endWord(at)
      words = []
    } else if (inBrackets && separator.test(c) && value[word ?? at] !== '@') return []
    else word ??= at
    at++
  }
  if (inBrackets) return []
  endEntry(value.length)
  return found
}

function endOfMatch(value: string, at: number, pattern: RegExp): number | null {
  pattern.lastIndex = at
  const match = pattern.exec(value)
  return match ? at + match[0].length : null
}
