// The answer of a check or a hook. A verdict is a value, never an exception.

import type { Refusal } from '../smtp/reply.ts'
import { isTemporary } from '../smtp/reply.ts'

export type Verdict = { readonly kind: 'accept' } | Refused

export type Refused =
  | { readonly kind: 'reject'; readonly reply: Refusal }
  | { readonly kind: 'defer'; readonly reply: Refusal }

export const accept = { kind: 'accept' } as const satisfies Verdict

/** The verdict for a refusal: 4xx defers, 5xx rejects. */
export function refuse(reply: Refusal): Refused {
  return { kind: isTemporary(reply) ? 'defer' : 'reject', reply }
}
