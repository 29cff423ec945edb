// The answer of a check or a hook. A verdict is a value, never an exception.

import type { Refusal } from '../smtp/reply.ts'
import { isTemporary } from '../smtp/reply.ts'

export type Verdict = { readonly kind: 'accept' } | Refused

export interface Refused {
  readonly kind: 'reject' | 'defer'
  readonly reply: Refusal
  /** Test mode turns this refusal off, also where it turns off only such ones (check-table.ts). */
  readonly testable?: true
}

export const accept = { kind: 'accept' } as const satisfies Verdict

/** The verdict for a refusal: 4xx defers, 5xx rejects. */
export function refuse(reply: Refusal): Refused {
  return { kind: isTemporary(reply) ? 'defer' : 'reject', reply }
}

/** A refusal by a policy that the operator chose and may want to try; it protects nothing else. */
export function refuseByChoice(reply: Refusal): Refused {
  return { ...refuse(reply), testable: true }
}
