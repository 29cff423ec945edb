// Which entry of the operator counts for a destination: the most specific one, and only that.

import { describe, expect, it } from 'vitest'
import { createDestinationRules, type DestinationRule } from './destination-rules.ts'

const rule = (key: string): DestinationRule => ({ key, tls: null, profile: null, limits: null })
const rules = (...keys: string[]) => createDestinationRules(keys.map(rule))

describe('the entry for a host', () => {
  const all = rules('*', '*.example', '*.mail.example', 'mx1.mail.example', 'shop.example', 'mx:shop.example')

  it.each([
    ['mx:shop.example', 'shop.example', 'mx1.mail.example', 'mx:shop.example'],
    ['smtp:shop.example:2525', 'shop.example', 'mx1.mail.example', 'shop.example'],
    ['mx:other.test', 'other.test', 'mx1.mail.example', 'mx1.mail.example'],
    ['mx:other.test', 'other.test', 'mx2.mail.example', '*.mail.example'],
    ['mx:other.test', 'other.test', 'mx.example', '*.example'],
    ['mx:other.test', 'other.test', 'mx.other.test', '*'],
    ['peers:srs', null, null, '*'],
  ])('%s (%s at %s) is %s', (nextHop, domain, host, key) => {
    expect(all.forHost({ nextHop, domain, host })?.key).toBe(key)
  })

  it('is null if no entry matches', () => {
    expect(rules('a.example').forHost({ nextHop: 'mx:b.example', domain: 'b.example', host: 'a.example.b' })).toBeNull()
    expect(rules('*.example').forHost({ nextHop: 'mx:example', domain: 'example', host: 'badexample' })).toBeNull()
  })
})

describe('the entry for a next hop', () => {
  it('is found by the next hop in any of its written forms', () => {
    expect(rules('smtp:[Relay.Example]').forNextHop('smtp:[relay.example]:25')?.key).toBe('smtp:[Relay.Example]')
    expect(rules('mx:Shop.example').forNextHop('mx:shop.example')?.key).toBe('mx:Shop.example')
    expect(rules('peers:srs').forNextHop('peers:srs')?.key).toBe('peers:srs')
    expect(rules('lmtp:unix:/run/l').forNextHop('lmtp:unix:/run/l')?.key).toBe('lmtp:unix:/run/l')
  })

  it('is found by its domain or host', () => {
    expect(rules('shop.example').forNextHop('mx:shop.example')?.key).toBe('shop.example')
    expect(rules('relay.example').forNextHop('smtp:[relay.example]:587')?.key).toBe('relay.example')
    expect(rules('*.shop.example').forNextHop('mx:a.shop.example')?.key).toBe('*.shop.example')
    expect(rules('shop.example').forNextHop('mx:a.shop.example')).toBeNull()
  })
})

describe('limits', () => {
  const limited = (key: string): DestinationRule => ({
    ...rule(key),
    limits: { maximalConcurrency: 3, initialConcurrency: 3, intervalMs: 200 },
  })
  const shared = (key: string, nextHop: string, domain: string | null, host: string) =>
    createDestinationRules([limited(key)]).forHost({ nextHop, domain, host })?.shared

  it('are shared if the entry matches the host', () => {
    const own = { concurrency: 3, intervalMs: 200 }
    expect(shared('*.mail.example', 'mx:a.test', 'a.test', 'mx1.mail.example')).toEqual({
      name: '*.mail.example',
      ...own,
    })
    expect(shared('mx1.mail.example', 'mx:a.test', 'a.test', 'mx1.mail.example')).toMatchObject(own)
  })

  it('are those of the next hop if the entry matches it', () => {
    expect(shared('a.test', 'mx:a.test', 'a.test', 'mx1.mail.example')).toBeUndefined()
    expect(shared('*.test', 'mx:a.test', 'a.test', 'mx1.b.test')).toBeUndefined()
    expect(shared('*', 'mx:a.test', 'a.test', 'mx1.mail.example')).toBeUndefined()
    expect(shared('relay.test', 'smtp:[relay.test]:587', null, 'relay.test')).toBeUndefined()
  })
})
