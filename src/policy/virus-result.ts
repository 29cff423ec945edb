// The result of the virus scanner in the Authentication-Results field, with which an mx node reports to an srs node whether a message was
// scanned. `x-virus` is an experimental method (RFC 8601 2.7.6): only fleet nodes use it, and ARC seals leave it out.

import type { VirusFinding } from '../filter/virus-scan.ts'
import type { MethodResult } from '../message/results-field.ts'

const VIRUS_METHOD = 'x-virus'

/** The findings with which a message can be accepted. */
export type AcceptableVirusFinding = Extract<VirusFinding, { kind: 'clean' | 'unscanned' | 'unavailable' }>

/** Words of RFC 8601 2.7: `none` is for a message that was not checked. */
const words = { clean: 'pass', unscanned: 'none', unavailable: 'temperror' } as const satisfies Record<
  AcceptableVirusFinding['kind'],
  string
>

/** The result for the field. */
export function virusResult({ kind }: AcceptableVirusFinding): MethodResult {
  return { method: VIRUS_METHOD, result: words[kind], properties: [] }
}

/** Why a fleet node did not scan the message; null if it did, or did not report. */
export function readUnscanned(results: readonly MethodResult[]): 'unscanned' | 'unavailable' | null {
  const word = results.find(({ method }) => method === VIRUS_METHOD)?.result
  if (word === words.unavailable) return 'unavailable'
  return word === words.unscanned ? 'unscanned' : null
}
