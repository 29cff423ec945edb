// The policies that domains publish beside DANE, as a command asks for them: it fetches each policy, and knows none from earlier.

import type { Budgets } from '../../budget/budgets.ts'
import type { Config } from '../../config/config.ts'
import { createStsSource } from '../../delivery/mta-sts/sts-source.ts'
import type { PolicySource } from '../../delivery/tls-policy/tls-policy.ts'
import type { Resolver } from '../../dns/resolver.ts'
import { createStrangerClient } from '../../https/ask-stranger.ts'
import type { Clock } from '../../lib/clock.ts'
import { createPolicyFetch } from '../../mta-sts/fetch-policy.ts'
import { createPolicyFinder } from '../../mta-sts/policy-finder.ts'
import type { PolicyStore } from '../../state/sts-contract.ts'
import { strangerSettings } from '../../wiring/sts-settings.ts'

export interface SourcePorts {
  readonly resolver: Resolver
  readonly budgets: Budgets
  readonly clock: Clock
}

export function publishedSources(config: Config, { resolver, budgets, clock }: SourcePorts): readonly PolicySource[] {
  if (!config.delivery.mta_sts) return []
  const ask = createStrangerClient(strangerSettings(config), { resolver, clock, budgets })
  const finder = createPolicyFinder({
    resolver,
    store: nothingKept,
    fetch: createPolicyFetch(config.delivery.policy_port, ask),
    clock,
    fetched: () => undefined,
  })
  return [createStsSource((domain) => finder.find(domain))]
}

/** The file of the node belongs to its thread. */
const nothingKept: PolicyStore = {
  find: async () => ({ policy: null }),
  put: async () => ({ policies: 0 }),
  touch: async () => ({ policies: 0 }),
  stale: async () => ({ policies: [] }),
  purge: async () => ({ policies: 0 }),
}
