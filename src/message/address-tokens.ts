// Splits the value of an address field (RFC 5322 3.4) into tokens. Comments and white space are removed; quoted strings and domain
// literals stay whole. A value that cannot be split without doubt is reported as a problem.

export type AddressToken = {
  readonly kind: 'atom' | 'quoted' | 'literal' | 'special'
  /** As written: quotes and brackets included. */
  readonly text: string
  /** True if white space or a comment stood before it. */
  readonly apart: boolean
}

export type Tokenized =
  | { readonly kind: 'tokens'; readonly tokens: readonly AddressToken[] }
  | { readonly kind: 'bad'; readonly problem: string }

/** Depth of nested comments. Real messages nest once; the limit bounds the work. */
const MAX_DEPTH = 20

const space = /[ \t]+/y
const atom = /[^ \t()<>@,;:\\".[\]]+/y
const quoted = /"(?:[^"\\]|\\.)*"/y
const literal = /\[[^[\]\\]*\]/y
const special = /[<>@,;:.]/y
const patterns = [
  ['atom', atom],
  ['quoted', quoted],
  ['literal', literal],
  ['special', special],
] as const

/** Tokens of an unfolded value. */
export function tokenizeAddresses(value: string): Tokenized {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) return bad('control character')
  const tokens: AddressToken[] = []
  let at = 0
  let apart = false
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    return pattern.exec(value)?.[0] ?? null
  }
  while (at < value.length) {
    const blank = match(space)
    const commentEnd = blank === null && value[at] === '(' ? endOfComment(value, at) : 0
    if (commentEnd < 0) return bad('unfinished comment')
    if (blank !== null || commentEnd > 0) {
      at = blank === null ? commentEnd : at + blank.length
      apart = true
      continue
    }
    const token = nextToken(match)
    if (token === null) return bad(`unreadable at ${JSON.stringify(value.slice(at, at + 20))}`)
    tokens.push({ ...token, apart })
    at += token.text.length
    apart = false
  }
  return { kind: 'tokens', tokens }
}

function nextToken(match: (pattern: RegExp) => string | null): Omit<AddressToken, 'apart'> | null {
  for (const [kind, pattern] of patterns) {
    const text = match(pattern)
    if (text !== null) return { kind, text }
  }
  return null
}

/**
 * The index behind the parenthesis that closes the comment (RFC 5322 3.2.2) at `start`; -1 if none does, or if comments nest too deep.
 */
export function endOfComment(value: string, start: number): number {
  let depth = 0
  for (let at = start; at < value.length; at++) {
    const c = value[at]
    if (c === '\\') at++
    else if (c === '(' && ++depth > MAX_DEPTH) return -1
    else if (c === ')' && --depth === 0) return at + 1
  }
  return -1
}

function bad(problem: string): Tokenized {
  return { kind: 'bad', problem }
}
