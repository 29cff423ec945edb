// Writes the value of an Authentication-Results field (RFC 8601 2.2). What strangers sent (addresses, selectors, reasons)
// goes in only as a token, an address or a quoted string without line ends, so nobody can write results of his own.

export interface MethodOutcome {
  readonly method: 'spf' | 'dkim' | 'dmarc' | 'arc'
  readonly result: string
  readonly reason?: string | null
  /** `ptype.property` and value, in order. */
  readonly properties: readonly (readonly [name: string, value: string])[]
}

/** RFC 5322 2.1.1: lines should have at most 78 characters. */
const WIDTH = 78
/** Longer values are cut: a header line must stay under 998 octets. */
const MAX_VALUE = 300
const FOLD = '\r\n\t'

/** The field's value, folded, without name and final CRLF. */
export function resultsText(authservId: string, outcomes: readonly MethodOutcome[]): string {
  if (outcomes.length === 0) return `${quoteUnlessToken(authservId)}; none`
  const parts = outcomes.map((outcome) => {
    const reason = outcome.reason ? [`reason=${quote(outcome.reason)}`] : []
    const properties = outcome.properties.map(([name, value]) => `${name}=${propertyValue(value)}`)
    return fold([`${outcome.method}=${outcome.result}`, ...reason, ...properties])
  })
  return [quoteUnlessToken(authservId), ...parts].join(`;${FOLD}`)
}

function fold(words: readonly string[]): string {
  let text = ''
  let width = 8
  for (const word of words) {
    const separator = text === '' ? '' : width + 1 + word.length > WIDTH ? FOLD : ' '
    width = separator === FOLD ? 8 + word.length : width + separator.length + word.length
    text += separator + word
  }
  return text
}

/** A token, or `[local-part]@domain` in dot-atom form, or else a quoted string (RFC 8601 2.2 pvalue). */
function propertyValue(value: string): string {
  const isAddress = /^(?:[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.]*@)?[A-Za-z0-9._-]+$/.test(value)
  return isAddress && value.length <= MAX_VALUE ? value : quoteUnlessToken(value)
}

/** RFC 2045 5.1 token. */
function quoteUnlessToken(value: string): string {
  return /^[A-Za-z0-9!#$%&'*+\-.^_`{|}~]+$/.test(value) && value.length <= MAX_VALUE ? value : quote(value)
}

function quote(value: string): string {
  const clean = Array.from(value.slice(0, MAX_VALUE), (character) => (isControl(character) ? ' ' : character)).join('')
  return `"${clean.replace(/["\\]/g, '\\$&')}"`
}

function isControl(character: string): boolean {
  return character < ' ' || character === '\x7f'
}
