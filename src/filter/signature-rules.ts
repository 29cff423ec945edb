// Rules of RFC 6376 for DKIM-Signature fields that mailauth's strict mode does not check. They turn a result of mailauth into a worse one,
// never into a better one.

import type { DKIMResult, DKIMVerifyResult } from 'mailauth'
import { readSignatureTags } from '../message/signature-tags.ts'

/** RFC 6376 2.10 without its white space. */
const base64 = /^[A-Za-z0-9+/]+={0,2}$/
/** RFC 6376 3.5 h=: names of RFC 5322 3.6.8 with colons between them. */
const signedNames = /^[!-9<-~]+(?::[!-9<-~]+)*$/

type Ruling = Pick<DKIMResult['status'], 'result' | 'comment'>

/**
 * The results of one message with the rules applied. mailauth has one result for each DKIM-Signature field, in their order, and a single
 * `none` for an unsigned message.
 * @param keyProblem the reason why a key is not used, by the name of its record; null if it is used
 */
export function applySignatureRules(
  verified: DKIMVerifyResult,
  keyProblem: (name: string) => string | null,
): DKIMResult[] {
  const fields = (verified.headers?.parsed ?? []).filter((field) => field.key === 'dkim-signature')
  return verified.results.map((row, index) => {
    const field = fields[index]
    const ruling = field ? rule(row, field.line.toString(), keyProblem) : null
    return ruling === null ? row : { ...row, status: { ...row.status, ...ruling } }
  })
}

function rule(row: DKIMResult, line: string, keyProblem: (name: string) => string | null): Ruling | null {
  const tags = readSignatureTags(line.slice(line.indexOf(':') + 1))
  // RFC 6376 6.1.1: a field with invalid syntax is ignored; RFC 8601 2.7.1 calls that neutral. mailauth explains its own neutral results.
  if (row.status.result !== 'neutral' && !wellFormed(tags))
    return { result: 'neutral', comment: 'signature syntax error' }
  const refusedKey = keyProblem(`${row.selector}._domainkey.${row.signingDomain}`)
  if (refusedKey !== null && row.status.result === 'neutral') return { result: 'policy', comment: refusedKey }
  return row.status.result === 'pass' ? bodyRuling(row) : null
}

/** The rules of l= for a signature that verifies. */
function bodyRuling({ canonBodyLengthLimit: signed, canonBodyLengthTotal: whole }: DKIMResult): Ruling | null {
  if (signed === undefined || whole === undefined) return null
  // RFC 6376 3.5: l= is never larger than the canonical body.
  if (signed > whole) return { result: 'neutral', comment: `l=${signed} is larger than the body of ${whole} octets` }
  // RFC 6376 8.2: anyone can append text after the signed part, so the recipient reads text that the domain did not sign.
  if (signed < whole) return { result: 'policy', comment: `l=${signed} leaves ${whole - signed} octets unsigned` }
  return null
}

function wellFormed(tags: ReadonlyMap<string, string>): boolean {
  return signedNames.test(tags.get('h') ?? '') && ['b', 'bh'].every((name) => base64.test(tags.get(name) ?? ''))
}
