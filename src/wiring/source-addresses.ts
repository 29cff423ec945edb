// Config → the check of our own addresses: which ones there are, how the system chooses, where the result is told.

import type { Config } from '../config/config.ts'
import { createSourceCheck, type Source, type SourceCheck, type SourceStatus } from '../delivery/hosts/source-check.ts'
import { confirmedName } from '../dns/fcrdns.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import type { Health } from '../observe/health-report.ts'
import type { Log } from '../observe/json-log.ts'
import { addressTowards } from '../delivery/hosts/kernel-source-address.ts'

/** Any address of each family's internet: the system is asked for its way there, nothing is sent. */
const SOMEWHERE = { 4: '192.0.2.1', 6: '2000::1' } as const

export interface SourceParts {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: Log
}

/** Null for nodes that never send to the internet. */
export function buildSourceCheck(config: Config, parts: SourceParts): SourceCheck | null {
  if (config.role.internet === 'never') return null
  const { resolver, clock, log } = parts
  return createSourceCheck(used(config), {
    clock,
    nameOf: (address) => confirmedName(address, { resolver, clock }),
    chosenAddress: (family) => addressTowards(SOMEWHERE[family]),
    changed: (status) => tell(log, status),
  })
}

/** The usual address of each family, and those of single destinations. */
function used({ delivery }: Config): Source[] {
  const exceptions = Object.values(delivery.destinations).map((one) => one.source ?? {})
  const of = (family: 4 | 6, key: 'ipv4' | 'ipv6'): Source[] =>
    [...new Set([delivery.source[key] ?? null, ...exceptions.flatMap((source) => source[key] ?? [])])].map(
      (address) => ({ family, address }),
    )
  return [...of(4, 'ipv4'), ...of(6, 'ipv6')]
}

function tell(log: Log, { family, address, state }: SourceStatus): void {
  const fields = { family: `IPv${family}`, address }
  switch (state.kind) {
    case 'named':
      return log.info({ ...fields, name: state.name }, 'our address has a name: it is used for the internet')
    case 'unnamed':
      return log.warn(
        fields,
        family === 6
          ? 'our IPv6 address has no reverse DNS that leads back: it is not used for the internet'
          : 'our IPv4 address has no reverse DNS that leads back: many servers will refuse our mail',
      )
    case 'unknown':
      return log.warn({ ...fields, cause: state.reason }, 'the name of our address cannot be looked up')
    case 'no-way':
    case 'private':
      return log.debug({ ...fields, state: state.kind }, 'our address towards the internet')
  }
}

/** For health: what is wrong with the addresses that we use. */
export function sourceHealth(check: SourceCheck): Health {
  const bad = check.status().flatMap(({ address, state }) => (state.kind === 'unnamed' && address ? [address] : []))
  if (bad.length === 0) return { kind: 'ok' }
  return { kind: 'degraded', reason: `no reverse DNS that leads back: ${bad.join(', ')}` }
}
