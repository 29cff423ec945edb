// Binds to a resolver for whom its questions are.

import type { Ask, Resolver } from './resolver.ts'

/** A resolver whose questions are for `bound`, unless a question says more. */
export function askAs(resolver: Resolver, bound: Ask): Resolver {
  return { resolve: (name, type, ask) => resolver.resolve(name, type, ask ? { ...bound, ...ask } : bound) }
}
