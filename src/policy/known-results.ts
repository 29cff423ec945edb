// The results of the node that verified a message: this one, or the peer that relayed it. They are the only ones that count.

import { parseResults, trustedResults } from '../message/results-field.ts'
import type { MethodResult } from '../message/results-field.ts'
import type { Field } from '../message/header.ts'
import type { Origin } from '../smtp/origin.ts'

export interface VerifiedMail {
  readonly fields: readonly Field[]
  readonly origin: Origin
  /** The Authentication-Results value that this node adds, or null. */
  readonly results: string | null
}

/** Empty if the message was not verified. */
export function knownResults(authservId: string, { origin, fields, results }: VerifiedMail): readonly MethodResult[] {
  if (origin.kind === 'peer') return trustedResults(fields, authservId)
  const parsed = results === null ? null : parseResults(results)
  return parsed?.kind === 'results' ? parsed.results : []
}

/** The value of a property such as `header.from`, or null. */
export function resultProperty(result: MethodResult, name: string): string | null {
  return result.properties.find((one) => one.name === name)?.value ?? null
}
