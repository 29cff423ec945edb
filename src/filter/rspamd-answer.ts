// Reads the JSON answer of rspamd's /checkv2. An answer that cannot be parsed is no finding: the message counts as unchecked.

import type { SpamAction, SpamFinding, SpamSymbol } from './spam-scan.ts'

/** Symbols kept: rspamd has thousands, and the ledger shows a few. */
const MOST_SYMBOLS = 100
/** Characters kept of a name or text. The server cuts replies further. */
const MOST_TEXT = 400

const actions: readonly SpamAction[] = [
  'no action',
  'greylist',
  'add header',
  'rewrite subject',
  'soft reject',
  'reject',
  'quarantine',
  'discard',
]

/** The finding in an answer, or unavailable with the fault of the answer. */
export function readAnswer(text: string): SpamFinding {
  const answer = parse(text)
  if (answer === null) return unreadable('no JSON object')
  const { action, score, required_score: required, symbols, messages } = answer
  if (typeof action !== 'string' || action === '') return unreadable('no action')
  if (!isNumber(score)) return unreadable('no score')
  const named = clean(action)
  return {
    kind: 'scanned',
    action: actions.find((one) => one === named) ?? 'other',
    named,
    score,
    required: isNumber(required) ? required : null,
    symbols: readSymbols(symbols),
    message: readMessage(messages),
  }
}

function unreadable(what: string): SpamFinding {
  return { kind: 'unavailable', cause: `its answer cannot be read: ${what}` }
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

function readSymbols(value: unknown): readonly SpamSymbol[] {
  if (!isRecord(value)) return []
  return Object.entries(value)
    .flatMap(([name, symbol]) =>
      isRecord(symbol) && isNumber(symbol['score']) ? [{ name: clean(name), score: symbol['score'] }] : [],
    )
    .toSorted((a, b) => Math.abs(b.score) - Math.abs(a.score))
    .slice(0, MOST_SYMBOLS)
}

/** `smtp_message` is rspamd's text for the client. */
function readMessage(messages: unknown): string | null {
  const text = isRecord(messages) ? messages['smtp_message'] : undefined
  return typeof text === 'string' && clean(text) !== '' ? clean(text) : null
}

/** Printable ASCII in one line, because the text can appear in a reply (RFC 5321 4.2) or a header field. */
function clean(text: string): string {
  return text
    .replace(/[^!-~]+/g, ' ')
    .trim()
    .slice(0, MOST_TEXT)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
