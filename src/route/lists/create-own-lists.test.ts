// Which entries match which message, also compared with a matcher that reads all entries; and that a look-up reads few of many.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ListConditions, ListEntry } from '../../directory/directory.ts'
import { describeListEntry } from '../operator-lists.ts'
import type { ListSubject } from '../operator-lists.ts'
import { createOwnLists } from './create-own-lists.ts'

const entryOf = (conditions: ListConditions, more: Partial<ListEntry> = {}): ListEntry => ({
  list: 'block',
  name: null,
  source: 'm.yaml:1',
  conditions,
  ...more,
})

const directory = (listEntries: readonly ListEntry[]) => ({
  listEntries,
  mainDomain: 'example.org',
  domain: (name: string) =>
    name === 'www.example.org' ? { source: '', aliasOf: { source: '', domain: 'example.org' } } : undefined,
})

const listsOf = (entries: readonly ListEntry[]) => createOwnLists(directory(entries), {})

const subject: ListSubject = {
  ip: '192.0.2.7',
  host: 'mail.partner.example',
  helo: 'Mail.Partner.example.',
  sender: 'Ann+tag@News.partner.example',
  recipient: 'Kim+x@www.example.org',
  authors: ['author.example'],
  at: 1000,
}

const isFound = (conditions: ListConditions, change: Partial<ListSubject> = {}, more: Partial<ListEntry> = {}) =>
  listsOf([entryOf(conditions, more)]).find('block', { ...subject, ...change }).length === 1

describe('a condition', () => {
  it.each<[ListConditions, boolean, Partial<ListSubject>?]>([
    [{ network: ['192.0.2.0/24'] }, true],
    [{ network: ['192.0.2.99/24'] }, true],
    [{ network: ['192.0.2.7/32'] }, true, { ip: '::ffff:192.0.2.7' }],
    [{ network: ['192.0.3.0/24', '192.0.0.0/22'] }, true],
    [{ network: ['192.0.2.8/29'] }, false],
    [{ network: ['2001:db8::/33'] }, true, { ip: '2001:db8:7fff::1' }],
    [{ network: ['2001:db8::/33'] }, false, { ip: '2001:db8:8000::1' }],
    [{ network: ['2001:db8::/33'] }, false],
    [{ network: ['192.0.2.0/24'] }, false, { ip: null }],
    [{ network: ['192.0.2.0/24'] }, false, { ip: 'no address' }],
    [{ host: ['mail.partner.example'] }, true],
    [{ host: ['partner.example'] }, false],
    [{ host: ['.partner.example'] }, true],
    [{ host: ['.partner.example'] }, true, { host: 'partner.example' }],
    [{ host: ['.partner.example'] }, false, { host: 'mypartner.example' }],
    [{ host: ['.partner.example'] }, false, { host: null }],
    [{ helo: ['mail.partner.example'] }, true],
    [{ helo: ['.example'] }, true],
    [{ helo: ['[192.0.2.7]'] }, true, { helo: '[192.0.2.7]' }],
    [{ helo: ['mail.partner.example'] }, false, { helo: null }],
    [{ sender: ['ann@news.partner.example'] }, true],
    [{ sender: ['ann+tag@news.partner.example'] }, true],
    [{ sender: ['ann@partner.example'] }, false],
    [{ sender: [''] }, true, { sender: null }],
    [{ sender: [''] }, false],
    [{ senderDomain: ['.partner.example'] }, true],
    [{ senderDomain: ['.partner.example'] }, false, { sender: null }],
    [{ recipient: ['kim@example.org'] }, true],
    [{ recipient: ['kim+x@www.example.org'] }, true],
    [{ recipient: ['postmaster@example.org'] }, true, { recipient: 'Postmaster' }],
    [{ recipient: ['lee@example.org'] }, false],
    [{ recipientDomain: ['example.org'] }, true],
    [{ fromDomain: ['author.example'] }, true],
    [{ fromDomain: ['author.example'] }, false, { authors: null }],
    [{ fromDomain: ['bücher.example', 'xn--bcher-kva.example'] }, true, { authors: ['xn--bcher-kva.example'] }],
    [{ network: ['192.0.2.0/24'], sender: ['ann@news.partner.example'] }, true],
    [{ network: ['192.0.2.0/24'], sender: ['lee@news.partner.example'] }, false],
  ])('%j: %s with %j', (conditions, expected, change) => expect(isFound(conditions, change)).toBe(expected))
})

it('an entry has no effect from its end on', () => {
  expect(isFound({ network: ['192.0.2.0/24'] }, {}, { until: 1001 })).toBe(true)
  expect(isFound({ network: ['192.0.2.0/24'] }, {}, { until: 1000 })).toBe(false)
})

it('several entries come in the order of the files, and each list has its own', () => {
  const lists = listsOf([
    entryOf({ sender: ['ann@news.partner.example'] }, { source: 'a:1' }),
    entryOf({ network: ['192.0.2.0/24'] }, { source: 'a:2', list: 'allow' }),
    entryOf({ network: ['192.0.2.0/24', '192.0.0.0/16'] }, { source: 'a:3' }),
  ])
  expect(lists.find('block', subject).map(({ source }) => source)).toEqual(['a:1', 'a:3'])
  expect(lists.find('allow', subject).map(({ source }) => source)).toEqual(['a:2'])
})

it('a look-up reads few of many entries, also if they share a condition', () => {
  let reads = 0
  const counted = (conditions: ListConditions): ListEntry => {
    const entry = entryOf(conditions)
    return Object.defineProperty(entry, 'until', {
      enumerable: true,
      get: () => {
        reads++
        return undefined
      },
    })
  }
  const many = Array.from({ length: 5000 }, (_, i) => i)
  const lists = listsOf([
    ...many.map((i) => counted({ network: [`10.${i >> 8}.${i & 255}.0/24`] })),
    ...many.map((i) => counted({ sender: [`s${i}@a.example`], recipient: ['kim@example.org'] })),
    ...many.map((i) => counted({ senderDomain: ['.partner.example'], host: [`h${i}.example`] })),
    ...many.map((i) => counted({ fromDomain: [`.d${i}.example`], network: ['192.0.2.0/24'] })),
  ])
  reads = 0
  lists.find('block', { ...subject, ip: '10.3.7.1' })
  lists.find('block', subject)
  expect(reads).toBeLessThan(10)
})

it('finds what a comparison with every entry finds', () => {
  const ip = fc.constantFrom('10.0.0.1', '10.0.1.1', '10.1.0.1', '2001:db8::1', '2001:db8:1::1')
  const name = fc.constantFrom('a.example', 'b.a.example', 'c.b.a.example', 'example')
  const conditions = fc.record(
    {
      network: fc.uniqueArray(fc.constantFrom('10.0.0.0/23', '10.0.0.0/8', '10.0.0.1/32', '2001:db8::/32'), {
        minLength: 1,
      }),
      host: fc.uniqueArray(
        fc.oneof(
          name,
          name.map((one) => `.${one}`),
        ),
        { minLength: 1 },
      ),
      helo: fc.uniqueArray(name, { minLength: 1 }),
      senderDomain: fc.uniqueArray(name, { minLength: 1 }),
    },
    { requiredKeys: [] },
  )
  const domainFits = (wanted: readonly string[] | undefined, domain: string) =>
    wanted === undefined ||
    wanted.some((one) => one === domain || (one.startsWith('.') && (`.${domain}` === one || domain.endsWith(one))))
  const networks: Record<string, readonly string[]> = {
    '10.0.0.0/23': ['10.0.0.1', '10.0.1.1'],
    '10.0.0.0/8': ['10.0.0.1', '10.0.1.1', '10.1.0.1'],
    '10.0.0.1/32': ['10.0.0.1'],
    '2001:db8::/32': ['2001:db8::1', '2001:db8:1::1'],
  }
  fc.assert(
    fc.property(
      fc.array(conditions.filter((one) => Object.keys(one).length > 0) as fc.Arbitrary<ListConditions>, {
        maxLength: 12,
      }),
      fc.record({ ip, host: name, helo: name, domain: name }),
      (all, { domain, ...client }) => {
        const entries = all.map((one, index) => entryOf(one, { source: String(index) }))
        const fits = ({ conditions: one }: ListEntry) =>
          (one.network?.some((network) => networks[network]?.includes(client.ip)) ?? true) &&
          domainFits(one.host, client.host) &&
          domainFits(one.helo, client.helo) &&
          domainFits(one.senderDomain, domain)
        const found = listsOf(entries).find('block', { ...subject, ...client, sender: `x@${domain}` })
        expect(found.map(({ source }) => source)).toEqual(entries.filter(fits).map(({ source }) => source))
      },
    ),
  )
})

it('is described with list, name, place, conditions and comment', () => {
  const entry = entryOf(
    { network: ['192.0.2.0/24'], sender: ['', 'a@b.example', 'c@b.example', 'd@b.example'] },
    { name: 'shop', comment: 'ticket 17' },
  )
  expect(describeListEntry(entry)).toBe(
    'block "shop" at m.yaml:1: network 192.0.2.0/24, sender <> or a@b.example or c@b.example or others (ticket 17)',
  )
})
