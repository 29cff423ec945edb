import { describe, expect, test } from 'vitest'
import { compareSet } from './compare-set.ts'
import type { Observed } from './observer.ts'
import type { PlannedSet, PlannedType, Purpose } from './planned-record.ts'

const set = (type: PlannedType, purpose: Purpose, ...data: string[]): PlannedSet => ({
  name: 'example.org',
  type,
  purpose,
  ttl: 60,
  data,
})
const found = (...data: string[]): Observed => ({ kind: 'found', data, ttl: 60, authentic: false })

const spf = set('TXT', 'spf', 'v=spf1 ip4:192.0.2.1 a:mx.example.org -all')
const dkim = set('TXT', 'dkim', 'v=DKIM1; k=rsa; p=AAAA')
const dmarc = set('TXT', 'dmarc', 'v=DMARC1; p=none')
const mx = set('MX', 'mx', '10 a.example.org.', '20 b.example.org.')

describe('published', () => {
  test.each([
    ['in another order', mx, found('20 b.example.org.', '10 A.example.org.')],
    [
      'SPF with its terms in another order, and other texts beside it',
      spf,
      found('google-site=1', 'v=spf1 a:mx.example.org  ip4:192.0.2.1 -all'),
    ],
    ['a DKIM key with further tags and white space', dkim, found('p=AA AA; t=s')],
    ['DMARC with other white space', dmarc, found('v=DMARC1;p=none;')],
    [
      'CAA beside an issuer of others',
      set('CAA', 'caa', '0 issue "a.example"'),
      found('0 issue "a.example"', '0 issue "b.example"'),
    ],
    [
      'a name beside another name of the address',
      set('PTR', 'reverse', 'mx.example.org.'),
      found('mx.example.org.', 'www.example.org.'),
    ],
  ] as const)('%s', (_, wanted, observed) => {
    expect(compareSet(wanted, observed)).toEqual({ kind: 'published' })
  })
})

describe('different', () => {
  test.each([
    ['a host more', mx, found(...mx.data, '30 c.example.org.'), 3],
    ['a host less', mx, found('10 a.example.org.'), 1],
    ['another preference', mx, found('10 a.example.org.', '10 b.example.org.'), 2],
    ['SPF twice, the right one too', spf, found(spf.data[0] as string, 'v=spf1 -all'), 2],
    ['the right SPF twice', spf, found(spf.data[0] as string, spf.data[0] as string), 2],
    ['another key', dkim, found('v=DKIM1; k=rsa; p=BBBB'), 1],
    ['a revoked key', dkim, found('v=DKIM1; p='), 1],
    ['another policy', dmarc, found('v=DMARC1; p=reject'), 1],
    ['an alias in place of addresses', set('A', 'address', '192.0.2.1'), found('CNAME other.example.'), 1],
  ] as const)('%s', (_, wanted, observed, count) => {
    const state = compareSet(wanted, observed)
    expect(state.kind).toBe('different')
    expect(state.kind === 'different' ? state.found : []).toHaveLength(count)
  })
})

test('missing is not unavailable, and a word that only begins alike is neither', () => {
  expect(compareSet(mx, { kind: 'absent' })).toEqual({ kind: 'missing' })
  expect(compareSet(spf, found('other', 'v=spf10 -all'))).toEqual({ kind: 'missing' })
  expect(compareSet(mx, { kind: 'unavailable', cause: 'SERVFAIL' })).toEqual({ kind: 'unavailable', cause: 'SERVFAIL' })
})
