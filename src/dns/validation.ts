// Whether the resolver of the node validates DNSSEC (RFC 4035 section 4.9): a signed name must be authentic, and a name whose signatures are
// broken must not be answered. A resolver that answers it sets the authentic bit without a check, so the bit is not believed.

import type { Current } from '../lib/current.ts'
import type { DnsAnswer, Resolver } from './resolver.ts'

export type Validation =
  /** Not asked yet, or the resolver did not answer. */
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'validates' }
  /** No answer is authentic: DANE never applies. */
  | { readonly kind: 'missing'; readonly reason: string }
  /** It answers a name whose signatures are broken. */
  | { readonly kind: 'unreliable'; readonly reason: string }

/** Names of the internet with a known state. */
export interface ProbeNames {
  /** Has NS records, and its zone is signed. */
  readonly signed: string
  /** Has an address, and the signatures of its zone are broken. */
  readonly bogus: string
}

export interface ValidationSettings extends ProbeNames {
  /** Mail for a destination waits for ever without validation: `dane-only`. */
  readonly isRequired: boolean
}

/** Asks once. @param resolver without a cache, or old answers would be judged */
export async function probeValidation(resolver: Resolver, { signed, bogus }: ProbeNames): Promise<Validation> {
  const [good, bad] = await Promise.all([resolver.resolve(signed, 'NS'), resolver.resolve(bogus, 'A')])
  if (bad.kind === 'found' || (bad.kind === 'absent' && bad.authentic)) {
    if (isAuthentic(good) || isAuthentic(bad))
      return { kind: 'unreliable', reason: `the resolver answers ${bogus}, whose signatures are broken` }
  }
  if (good.kind === 'unavailable') return { kind: 'unknown', reason: good.cause }
  if (isAuthentic(good)) return { kind: 'validates' }
  return { kind: 'missing', reason: `the answer about ${signed} is not authentic; use a validating resolver` }
}

function isAuthentic(answer: DnsAnswer<unknown>): boolean {
  return answer.kind !== 'unavailable' && answer.authentic
}

/** The resolver, without authentic bits while it is known to be unreliable. */
export function believing(resolver: Resolver, state: Current<Validation>): Resolver {
  return {
    resolve: async (name, type, ask) => {
      const answer = await resolver.resolve(name, type, ask)
      if (answer.kind === 'unavailable' || state.value.kind !== 'unreliable') return answer
      return { ...answer, authentic: false }
    },
  }
}
