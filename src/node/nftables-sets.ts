// The bans as nftables sets, so that the kernel refuses banned clients. `nft -f` applies the file in one step: it empties both sets and fills
// them again.

import { isIPv6 } from 'node:net'
import { networkMatcher } from '../lib/ip-address.ts'
import type { Ban } from '../state/ban-contract.ts'

/** Bans in the file: nft takes some seconds for more, and a longer list is no use where the node refuses the rest itself. */
export const MOST_EXPORTED = 10_000
const SECOND_MS = 1000

/** The text of the file. Networks swallow their addresses, because elements of a set must not overlap. */
export function nftablesText(bans: readonly Ban[], now: number): string {
  const whole = bans.filter(({ kind }) => kind === 'network')
  const networks = whole.filter((one) => !whole.some((other) => other !== one && swallows(other.value, one.value)))
  const isCovered = networkMatcher(networks.map(({ value }) => value))
  const addresses = bans.filter(({ kind, value }) => kind === 'address' && !isCovered(firstAddress(value)))
  const all = [...networks, ...addresses].slice(0, MOST_EXPORTED)
  const of = (isSix: boolean) => all.filter(({ value }) => isIPv6(firstAddress(value)) === isSix)
  return [
    '# Written by Waypost; changes are lost. Apply it with: nft -f FILE',
    'add table inet waypost_bans',
    ...setLines('banned4', 'ipv4_addr', of(false), now),
    ...setLines('banned6', 'ipv6_addr', of(true), now),
    '',
  ].join('\n')
}

function setLines(name: string, type: string, bans: readonly Ban[], now: number): string[] {
  const elements = bans.map(({ value, until }) => {
    const seconds = Math.max(1, Math.ceil((until - now) / SECOND_MS))
    return `${value} timeout ${seconds}s`
  })
  return [
    `add set inet waypost_bans ${name} { type ${type}; flags interval, timeout; }`,
    `flush set inet waypost_bans ${name}`,
    ...(elements.length === 0 ? [] : [`add element inet waypost_bans ${name} { ${elements.join(', ')} }`]),
  ]
}

function swallows(outer: string, inner: string): boolean {
  const [, outerBits = ''] = outer.split('/')
  const [, innerBits = ''] = inner.split('/')
  return Number(outerBits) < Number(innerBits) && networkMatcher([outer])(firstAddress(inner))
}

function firstAddress(value: string): string {
  return value.split('/')[0] ?? value
}
