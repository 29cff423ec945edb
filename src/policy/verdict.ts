// The answer of every check: a value, never an exception.

import type { Refusal } from '../smtp/reply.ts'
import { isTemporary } from '../smtp/reply.ts'

export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'reject'; readonly reply: Refusal }
  | { readonly kind: 'defer'; readonly reply: Refusal }

export const accept: Verdict = { kind: 'accept' }

/** The verdict a refusal stands for: 4xx defers, 5xx rejects. */
export function refuse(reply: Refusal): Verdict {
  return { kind: isTemporary(reply) ? 'defer' : 'reject', reply }
}
