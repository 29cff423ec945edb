// Cuts the value of an Authentication-Results field (RFC 8601 2.2) into words, quoted strings and the marks `;` and `=`. Comments and
// white space go. A word behind `=` may hold `=` and `/` (unquoted base64 as large sites write it), a word before it may not hold `=`.

import { endOfComment } from './address-tokens.ts'

export interface ResultToken {
  readonly kind: 'word' | 'quoted' | 'mark'
  /** A quoted string without its quoting. */
  readonly text: string
}

const word = /[^\s();="]+/y
const valueWord = /[^\s();"]+/y
const quotedString = /"((?:[^"\\]|\\.)*)"/y

/** The tokens, or null if comments or quotes do not end or a control character is met. */
export function tokenizeResults(value: string): readonly ResultToken[] | null {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(value)) return null
  const tokens: ResultToken[] = []
  let at = 0
  while (at < value.length) {
    const c = value[at] as string
    if (c === '(') {
      at = endOfComment(value, at)
      if (at < 0) return null
    } else if (/\s/.test(c)) at++
    else {
      const taken = take(value, at, tokens.at(-1))
      if (!taken) return null
      tokens.push(taken.token)
      at = taken.end
    }
  }
  return tokens
}

function take(value: string, at: number, last: ResultToken | undefined): { token: ResultToken; end: number } | null {
  const c = value[at] as string
  if (c === '"') {
    quotedString.lastIndex = at
    const match = quotedString.exec(value)
    if (!match) return null
    return {
      token: { kind: 'quoted', text: (match[1] as string).replace(/\\(.)/g, '$1') },
      end: quotedString.lastIndex,
    }
  }
  const afterEquals = last?.kind === 'mark' && last.text === '='
  if (c === ';' || (c === '=' && !afterEquals)) return { token: { kind: 'mark', text: c }, end: at + 1 }
  const pattern = afterEquals ? valueWord : word
  pattern.lastIndex = at
  const text = pattern.exec(value)?.[0]
  return text === undefined ? null : { token: { kind: 'word', text }, end: at + text.length }
}
