import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createRate } from '../budget/rate.ts'
import { createClientRate } from './client-rates.ts'

function rateOf(capacity: number) {
  const clock = createFakeClock()
  const rate = createRate({ capacity, halfLifeMs: 60_000, keys: 1000 }, { clock, refused: () => {} })
  const client = createClientRate(rate)
  return {
    clock,
    count: (ip: string, units?: number) => client.count(ip, units),
    over: (ip: string) => client.over(ip),
  }
}

it('limits a client, a site, and an IPv6 /64 and /48', () => {
  const { count, over } = rateOf(10)
  count('192.0.2.1', 10)
  expect([over('192.0.2.1'), over('192.0.2.2')]).toEqual(['client 192.0.2.1', null])
  count('192.0.2.2', 9)
  count('192.0.2.3', 11)
  expect(over('192.0.2.2')).toBe('network 192.0.2.0/24')
  count('2001:db8:1:1::1', 10)
  expect([over('2001:db8:1:1::2'), over('2001:db8:1:2::1')]).toEqual(['client 2001:db8:1:1::/64', null])
  for (const client of [2, 3]) count(`2001:db8:1:${client}::1`, 10)
  expect(over('2001:db8:1:4::1')).toBe('network 2001:db8:1::/48')
})

it('gives clients less while all together use much, and never nothing', async () => {
  const { clock, count, over } = rateOf(100)
  count('198.51.100.1', 9)
  expect(over('198.51.100.1')).toBeNull()
  for (let site = 0; site < 200; site++) count(`203.0.${site}.1`, 10)
  expect(over('198.51.100.2')).toBeNull()
  count('198.51.100.1', 2)
  expect(over('198.51.100.1')).toBe('client 198.51.100.1')
  // All together: half of what all can have, after a half-life.
  await clock.advance(60_000)
  expect(over('198.51.100.1')).toBeNull()
})
