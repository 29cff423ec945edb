// The resolver of a running node. A node that sends to the internet finds out whether it validates DNSSEC.

import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import { openResolver, openStub } from '../dns/open-resolver.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { resolverSettings, validationSettings } from '../wiring/node-settings.ts'
import { type ValidationWatch, watchValidation } from './validation-watch.ts'

export interface DnsParts {
  readonly clock: Clock
  readonly budgets: Budgets
  readonly log: Pick<Log, 'warn' | 'info' | 'bug'>
  readonly stops: AsyncDisposableStack
}

export async function openDns(
  config: Config,
  { clock, budgets, log, stops }: DnsParts,
): Promise<{ readonly resolver: Resolver; readonly validation: ValidationWatch | null }> {
  const settings = resolverSettings(config)
  const resolver = await openResolver(settings, { clock, budgets })
  if (config.role.internet === 'never') return { resolver, validation: null }
  const validation = watchValidation(validationSettings(config), { resolver: await openStub(settings), clock, log })
  stops.defer(() => validation.close())
  return { resolver: validation.gate(resolver), validation }
}
