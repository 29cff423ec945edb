// Writes and reads Authentication-Results (RFC 8601). Any sender can write such a field. Therefore the mx removes every field with its
// authserv-id before it adds its own, and the next fleet node reads only the fields between the topmost Received and the next one.
// Fleet nodes write at the top of a message: Received, Authentication-Results, then the message as it arrived.

import { cleanValue } from './field.ts'
import type { Field } from './header.ts'
import { LINE_OCTETS } from './header-limits.ts'
import { tokenizeResults } from './results-tokens.ts'
import type { ResultToken } from './results-tokens.ts'

export interface MethodResult {
  /** Such as `spf`, `dkim`, `dmarc`, `auth`; lower case. */
  readonly method: string
  /** Such as `pass`; lower case. */
  readonly result: string
  readonly reason?: string
  /** Such as `smtp.mailfrom`; name in lower case. */
  readonly properties: readonly { readonly name: string; readonly value: string }[]
}

export type AuthenticationResults =
  | {
      readonly kind: 'results'
      readonly authservId: string
      readonly version: number
      readonly results: readonly MethodResult[]
    }
  | { readonly kind: 'bad'; readonly problem: string }

const FIELD = 'authentication-results'
/** Separates written results. */
const SEPARATOR = ';\r\n\t'
/** Separates the parts of a result. */
const FOLD = '\r\n\t'
const NONE = 'none'
const keyword = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i
const propertyName = /^[a-z0-9-]+\.[a-z0-9_-]+$/i
/** A value that needs no quotes: an RFC 2045 token, or an address or domain as pvalue allows. */
const bareValue = /^[A-Za-z0-9!#$%&'*+._`{|}~^@-]+$/

/** The value of a field with these results, folded, without the field name; `none` if there are none. */
export function buildResults(authservId: string, results: readonly MethodResult[]): string {
  if (results.length === 0) return `${quoteIfNeeded(authservId)}; ${NONE}`
  return [quoteIfNeeded(authservId), ...results.map(formatResult)].join(SEPARATOR)
}

/** Merges two values of `buildResults` with the same authserv-id. */
export function mergeResults(first: string, second: string): string {
  const [id, ...results] = [...partsOf(first), ...partsOf(second).slice(1)]
  return results.length === 0 ? `${id}; ${NONE}` : [id, ...results].join(SEPARATOR)
}

/** The authserv-id, and each result as written. */
function partsOf(value: string): readonly string[] {
  const nothing = `; ${NONE}`
  return value.endsWith(nothing) ? [value.slice(0, -nothing.length)] : value.split(SEPARATOR)
}

/** The value without experimental methods (`x-…`), which have a meaning only inside the fleet (RFC 8601 2.7.6). */
export function withoutExperiments(value: string): string {
  const parsed = parseResults(value)
  if (parsed.kind === 'bad' || !parsed.results.some(isExperiment)) return value
  return buildResults(
    parsed.authservId,
    parsed.results.filter((one) => !isExperiment(one)),
  )
}

function isExperiment({ method }: MethodResult): boolean {
  return method.startsWith('x-')
}

/** Reads the value of one field, folded or not. */
export function parseResults(value: string): AuthenticationResults {
  const tokens = tokenizeResults(value.replace(/\r\n(?=[ \t])/g, ''))
  if (tokens === null) return bad('unreadable')
  const [head, ...infos] = splitAt(tokens, ';')
  const id = head?.[0]
  if (!head || !id || id.kind === 'mark' || head.length > 2) return bad('no authserv-id')
  const version = head[1] === undefined ? 1 : readVersion(head[1])
  if (version === null) return bad('malformed version')
  if (infos.at(-1)?.length === 0 && infos.length > 1) infos.pop()
  if (infos.length === 1 && isNone(infos[0] as ResultToken[]))
    return { kind: 'results', authservId: id.text, version, results: [] }
  const results = infos.map(readResult)
  if (results.length === 0 || results.includes(null)) return bad('malformed result')
  return { kind: 'results', authservId: id.text, version, results: results as MethodResult[] }
}

/** True for an Authentication-Results field that has this authserv-id or cannot be parsed: the node removes it (RFC 8601 5). */
export function isForged(field: Field, authservId: string): boolean {
  if (field.key !== FIELD) return false
  const parsed = parseResults(field.value)
  return parsed.kind === 'bad' || parsed.authservId.toLowerCase() === authservId.toLowerCase()
}

/**
 * The results of the fleet node that relayed the message: those with this authserv-id between the topmost Received and the next one. The
 * peer wrote the topmost Received, so it also wrote everything above the next one.
 */
export function trustedResults(fields: readonly Field[], authservId: string): readonly MethodResult[] {
  return trustedFields(fields, authservId).flatMap((one) => one.results)
}

/** The values of the same fields as written. */
export function trustedValues(fields: readonly Field[], authservId: string): readonly string[] {
  return trustedFields(fields, authservId).map((one) => one.value)
}

interface TrustedField {
  readonly value: string
  readonly results: readonly MethodResult[]
}

function trustedFields(fields: readonly Field[], authservId: string): readonly TrustedField[] {
  const first = fields.findIndex((field) => field.key === 'received')
  if (first < 0) return []
  const next = fields.findIndex((field, i) => i > first && field.key === 'received')
  return fields
    .slice(first + 1, next < 0 ? undefined : next)
    .filter((field) => field.key === FIELD)
    .flatMap((field) => {
      const parsed = parseResults(field.value)
      const ours =
        parsed.kind === 'results' &&
        parsed.version === 1 &&
        parsed.authservId.toLowerCase() === authservId.toLowerCase()
      return ours ? [{ value: field.value, results: parsed.results }] : []
    })
}

function formatResult(result: MethodResult): string {
  const reason = result.reason === undefined ? [] : [`reason=${quote(result.reason)}`]
  const properties = result.properties.map(({ name, value }) => `${name}=${quoteIfNeeded(value)}`)
  const words = [`${result.method}=${result.result}`, ...reason, ...properties]
  const line = words.join(' ')
  // The sender chooses most values. Each one fits into a line (RFC 5322 2.1.1); all together may not.
  return Buffer.byteLength(line) < LINE_OCTETS - SEPARATOR.length ? line : words.join(FOLD)
}

function quoteIfNeeded(value: string): string {
  return bareValue.test(value) ? value : quote(value)
}

function quote(value: string): string {
  return `"${cleanValue(value.replace(/\t/g, ' ')).replace(/["\\]/g, '\\$&')}"`
}

/** `method=result [reason=value] ptype.property=value …` */
function readResult(tokens: readonly ResultToken[]): MethodResult | null {
  const [spec, ...rest] = assignments(tokens)
  if (!spec || rest.includes(null)) return null
  // A method may have a version, as in `dkim/1`. Version 1 of all methods is supported.
  const [method, methodVersion] = spec.name.toLowerCase().split('/') as [string, string?]
  if (
    !keyword.test(method) ||
    !keyword.test(spec.value) ||
    (methodVersion !== undefined && !/^\d+$/.test(methodVersion))
  )
    return null
  const pairs = rest as Assignment[]
  const reason = pairs.find((pair) => pair.name.toLowerCase() === 'reason')?.value
  const properties = pairs.filter((pair) => pair.name.toLowerCase() !== 'reason')
  if (properties.some((pair) => !propertyName.test(pair.name))) return null
  return {
    method,
    result: spec.value.toLowerCase(),
    ...(reason === undefined ? {} : { reason }),
    properties: properties.map(({ name, value }) => ({ name: name.toLowerCase(), value })),
  }
}

interface Assignment {
  readonly name: string
  readonly value: string
}

/** Splits `a=b c.d=e` into pairs; null for a malformed pair. White space around `.`, `/` and `=` is allowed by the grammar. */
function assignments(tokens: readonly ResultToken[]): (Assignment | null)[] {
  const pairs: (Assignment | null)[] = []
  let at = 0
  while (at < tokens.length) {
    let name = ''
    while (tokens[at]?.kind === 'word') name += (tokens[at++] as ResultToken).text
    const value = tokens[at + 1]
    if (name === '' || tokens[at]?.kind !== 'mark' || !value || value.kind === 'mark') return [...pairs, null]
    pairs.push({ name, value: value.text })
    at += 2
  }
  return pairs
}

function splitAt(tokens: readonly ResultToken[], mark: string): ResultToken[][] {
  const parts: ResultToken[][] = [[]]
  for (const token of tokens) {
    if (token.kind === 'mark' && token.text === mark) parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts
}

function readVersion(token: ResultToken): number | null {
  return token.kind === 'word' && /^\d{1,5}$/.test(token.text) ? Number(token.text) : null
}

function isNone(tokens: readonly ResultToken[]): boolean {
  return tokens.length === 1 && tokens[0]?.kind === 'word' && tokens[0].text.toLowerCase() === 'none'
}

function bad(problem: string): AuthenticationResults {
  return { kind: 'bad', problem }
}
