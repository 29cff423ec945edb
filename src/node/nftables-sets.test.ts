import { expect, it } from 'vitest'
import type { Ban } from '../state/ban-contract.ts'
import { MOST_EXPORTED, nftablesText } from './nftables-sets.ts'

const NOW = Date.UTC(2026, 10, 21)
const ban = (value: string, change: Partial<Ban> = {}): Ban => ({
  kind: value.endsWith('/64') || !value.includes('/') ? 'address' : 'network',
  value,
  at: NOW,
  until: NOW + 3_600_000,
  by: 'node',
  reason: '',
  evidence: '',
  times: 1,
  ...change,
})

it('has a set of each family, emptied and filled in one step', () => {
  expect(nftablesText([ban('192.0.2.7'), ban('2001:db8:0:1::/64', { until: NOW + 1 })], NOW)).toBe(
    `# Written by Waypost; changes are lost. Apply it with: nft -f FILE
add table inet waypost_bans
add set inet waypost_bans banned4 { type ipv4_addr; flags interval, timeout; }
flush set inet waypost_bans banned4
add element inet waypost_bans banned4 { 192.0.2.7 timeout 3600s }
add set inet waypost_bans banned6 { type ipv6_addr; flags interval, timeout; }
flush set inet waypost_bans banned6
add element inet waypost_bans banned6 { 2001:db8:0:1::/64 timeout 1s }
`,
  )
  expect(nftablesText([], NOW)).not.toContain('element')
})

it('has no element that lies in another', () => {
  const text = nftablesText(
    [
      ban('192.0.2.7'),
      ban('192.0.2.0/24'),
      ban('192.0.0.0/16'),
      ban('198.51.100.1'),
      ban('2001:db8::/64'),
      ban('2001:db8::/32'),
    ],
    NOW,
  )
  expect([...text.matchAll(/(\S+) timeout \d/g)].map(([, value]) => value)).toEqual([
    '192.0.0.0/16',
    '198.51.100.1',
    '2001:db8::/32',
  ])
})

it('is bounded', () => {
  const many = Array.from({ length: MOST_EXPORTED + 5 }, (_, i) => ban(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`))
  expect(nftablesText(many, NOW).match(/timeout \d/g)).toHaveLength(MOST_EXPORTED)
})
