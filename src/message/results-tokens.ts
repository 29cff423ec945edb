// Splits the value of an Authentication-Results field (RFC 8601 2.2) into words, quoted strings and the marks `;` and `=`. Comments and
// white space are removed. A word after `=` may contain `=` and `/` (unquoted base64 of large sites); a word before it may not.

import { endOfComment } from './address-tokens.ts'

export interface ResultToken {
  readonly kind: 'word' | 'quoted' | 'mark'
  /** A quoted string is without quotes and escapes. */
  readonly text: string
}

const word = /[^\s();="]+/y
const valueWord = /[^\s();"]+/y
const quotedString = /"((?:[^"\\]|\\.)*)"/y

/** The tokens, or null for an unfinished comment or quoted string or a control character. */
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
      const next = nextToken(value, at, tokens.at(-1))
      if (!next) return null
      tokens.push(next.token)
      at = next.end
    }
  }
  return tokens
}

function nextToken(
  value: string,
  at: number,
  last: ResultToken | undefined,
): { token: ResultToken; end: number } | null {
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
