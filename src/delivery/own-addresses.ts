// Watches the reverse DNS of the addresses that this node uses towards the internet and logs each change.

import { confirmedName } from '../dns/fcrdns.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { addressTowards } from './hosts/kernel-source-address.ts'
import { createSourceCheck } from './hosts/source-check.ts'
import type { Source, SourceCheck, SourceStatus } from './hosts/source-check.ts'

/** Any address of each family on the internet: the kernel is asked for its route there, nothing is sent. */
const INTERNET_ADDRESS = { 4: '192.0.2.1', 6: '2000::1' } as const

export interface OwnAddressPorts {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: Pick<Log, 'debug' | 'info' | 'warn'>
}

/** Null for a node without sources, which never sends to the internet. */
export function watchOwnAddresses(sources: readonly Source[], ports: OwnAddressPorts): SourceCheck | null {
  if (sources.length === 0) return null
  const { resolver, clock, log } = ports
  return createSourceCheck(sources, {
    clock,
    nameOf: (address) => confirmedName(address, { resolver, clock }, { purpose: 'delivery' }),
    chosenAddress: (family) => addressTowards(INTERNET_ADDRESS[family]),
    changed: (status) => logStatus(log, status),
  })
}

function logStatus(log: OwnAddressPorts['log'], { family, address, state }: SourceStatus): void {
  const fields = { family: `IPv${family}`, address }
  switch (state.kind) {
    case 'named':
      return log.info({ ...fields, name: state.name }, 'our address has confirmed reverse DNS: it is used')
    case 'unnamed':
      return log.warn(
        fields,
        family === 6
          ? 'our IPv6 address has no confirmed reverse DNS: it is not used; add a PTR record and its AAAA record'
          : 'our IPv4 address has no confirmed reverse DNS: many servers will reject our mail; add a PTR record and its A record',
      )
    case 'unknown':
      return log.warn({ ...fields, cause: state.reason }, 'cannot look up the reverse DNS of our address')
    case 'no-route':
    case 'private':
      return log.debug({ ...fields, state: state.kind }, 'our address towards the internet')
  }
}
