import { expect, test } from 'vitest'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import { countSpf, MAX_LOOKUPS, termsWithLookup } from './spf-count.ts'

test('terms that cost a look-up (RFC 7208 4.6.4)', () => {
  const record =
    'v=spf1 a mx/24 ?ptr a:h.example/24 ip4:192.0.2.1 ip6:::1 -include:x.example exists:%{i}.e exp=e.example redirect=r.example -all'
  expect(termsWithLookup(record)).toEqual([
    'a',
    'mx/24',
    '?ptr',
    'a:h.example/24',
    '-include:x.example',
    'exists:%{i}.e',
    'redirect=r.example',
  ])
})

test('included records count with theirs, also through redirect', async () => {
  const resolver = fakeResolver({
    'one.example TXT': ['other text', 'v=spf1 a mx -all'],
    'one.example A': ['192.0.2.1'],
    'one.example MX': ['10 mx.one.example'],
    'two.example TXT': ['v=spf1 ip4:192.0.2.1 redirect=one.example'],
  })
  const counted = await countSpf('v=spf1 include:one.example include:two.example ~all', 'example.org', resolver)
  expect(counted).toEqual({ lookups: 7, voids: 0, problems: [] })
})

test('names without an answer, without SPF or with two records', async () => {
  const resolver = fakeResolver({
    'twice.example TXT': ['v=spf1 -all', 'v=spf1 ~all'],
    'down.example TXT': 'unavailable',
    'text.example TXT': ['v=spf10'],
  })
  const record =
    'v=spf1 a:gone.example include:none.example include:twice.example include:down.example include:text.example -all'
  expect(await countSpf(record, 'example.org', resolver)).toEqual({
    lookups: 5,
    voids: 2,
    problems: [
      'none.example has no SPF records',
      'twice.example has 2 SPF records',
      'down.example cannot be looked up (SERVFAIL)',
      'text.example has no SPF records',
    ],
  })
})

test('a loop ends', async () => {
  const resolver = fakeResolver({ 'loop.example TXT': ['v=spf1 include:loop.example include:loop.example'] })
  const { lookups } = await countSpf('v=spf1 include:loop.example', 'example.org', resolver)
  expect(lookups).toBeGreaterThan(MAX_LOOKUPS)
  expect(lookups).toBeLessThan(50)
})
