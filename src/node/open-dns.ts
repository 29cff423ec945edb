// The resolver of a running node. A node that sends to the internet finds out whether it validates DNSSEC.

import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { TlsaWitnesses } from '../certificates/published-tlsa.ts'
import { openResolver, openStub, openStubs } from '../dns/open-resolver.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { resolverSettings, validationSettings } from '../wiring/node-settings.ts'
import type { DnsMeter } from './dns-meter.ts'
import { type ValidationWatch, watchValidation } from './validation-watch.ts'

export interface DnsParts {
  readonly clock: Clock
  readonly budgets: Budgets
  readonly meter: Pick<DnsMeter, 'asked' | 'sent'>
  readonly log: Pick<Log, 'warn' | 'info' | 'bug'>
  readonly stops: AsyncDisposableStack
}

export interface OpenDns {
  readonly resolver: Resolver
  /** Null for a node that never sends to the internet. */
  readonly validation: ValidationWatch | null
  /** Those that have to show the key of a certificate, each without a cache. */
  readonly witnesses: () => TlsaWitnesses
}

export async function openDns(config: Config, { clock, budgets, meter, log, stops }: DnsParts): Promise<OpenDns> {
  const settings = resolverSettings(config)
  const resolver = meter.asked(await openResolver(settings, { clock, budgets, metered: meter.sent }))
  const resolvers = await openStubs(settings)
  if (config.role.internet === 'never')
    return { resolver, validation: null, witnesses: () => ({ resolvers, countsInsecure: true }) }
  const validation = watchValidation(validationSettings(config), { resolver: await openStub(settings), clock, log })
  stops.defer(() => validation.close())
  const witnesses = () => ({ resolvers, countsInsecure: !validation.validates() })
  return { resolver: validation.gate(resolver), validation, witnesses }
}
