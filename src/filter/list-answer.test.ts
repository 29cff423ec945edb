// What lists and resolvers answer, as seen at public lists and at resolvers that rewrite answers.

import { describe, expect, it } from 'vitest'
import { pattern, sampleAllowList, sampleList } from '../../test/lib/sample-dns-list.ts'
import type { DnsAnswer } from '../dns/resolver.ts'
import { readListAnswer, withoutKey } from './list-answer.ts'

const found = (...records: string[]): DnsAnswer<string> => ({
  kind: 'found',
  records,
  ttl: 60,
  authentic: false,
  name: '7.100.51.198.bl.example',
})

const read = (...records: string[]) => readListAnswer(sampleList(), found(...records), '198.51.100.7')

describe('an answer of a list', () => {
  it('is a hit with the points, the meaning and the page of the data', () => {
    expect(read('127.0.0.2')).toEqual({
      kind: 'listed',
      points: 5,
      meaning: 'spam source',
      url: 'https://bl.example/?q=198.51.100.7',
    })
  })

  it('with several addresses has the heaviest points and every meaning', () => {
    expect(read('127.0.0.2', '127.0.0.4')).toMatchObject({ points: 6, meaning: 'exploited host, spam source' })
    expect(read('127.0.0.4', '127.0.0.4', '127.0.0.99')).toMatchObject({ points: 6, meaning: 'exploited host' })
  })

  it('can be a set of bits', () => {
    expect(read('127.0.1.72')).toMatchObject({ kind: 'listed', points: 3 })
    expect(read('127.0.1.8')).toMatchObject({ kind: 'unknown' })
  })

  it('of an allow list has negative points', () => {
    expect(readListAnswer(sampleAllowList(), found('127.0.2.2'), 'x')).toMatchObject({ points: -3 })
  })

  it('without a meaning is no hit', () => {
    expect(read('127.0.0.99')).toEqual({ kind: 'unknown', addresses: ['127.0.0.99'] })
    expect(read(...Array.from({ length: 40 }, (_, i) => `127.0.9.${i}`))).toMatchObject({ addresses: { length: 3 } })
  })

  it('that does not exist is no listing', () => {
    expect(readListAnswer(sampleList(), { kind: 'absent', nxdomain: true, ttl: 1, authentic: false }, 'x')).toEqual({
      kind: 'not-listed',
    })
  })

  it.each([
    ['127.255.255.252', /name of the zone/],
    ['127.255.255.254', /public resolver/],
    ['127.255.255.255', /too many questions/],
    ['127.255.255.7', /an error of the list/],
    ['127.0.0.1', /refused/],
    ['127.0.0.255', /too many questions/],
    ['0.0.0.0', /not in 127/],
    ['192.0.2.80', /not in 127/],
    ['10.0.0.2', /not in 127/],
    ['255.255.255.255', /not in 127/],
  ])('%s is an error and never a hit', (address, cause) => {
    expect(read(address)).toEqual({ kind: 'unavailable', cause: expect.stringMatching(cause) })
    expect(read('127.0.0.2', address).kind).toBe('unavailable')
    expect(read(address, '127.0.0.2').kind).toBe('unavailable')
  })

  it('127.0.0.1 is a hit only at a list that gives it a meaning', () => {
    const answers = [{ answer: pattern('127.0.0.1'), points: 2, meaning: 'old' }]
    expect(readListAnswer(sampleList({ answers }), found('127.0.0.1'), 'x')).toMatchObject({ points: 2 })
  })

  it('never comes from a failed question', () => {
    const failed = { kind: 'unavailable', cause: 'SERVFAIL' } as const
    expect(readListAnswer(sampleList(), failed, 'x')).toEqual(failed)
  })

  it('puts a subject into the page without breaking the URL', () => {
    const page = (subject: string) => {
      const answer = readListAnswer(sampleList(), found('127.0.0.2'), subject)
      return answer.kind === 'listed' ? answer.url : null
    }
    expect(page('2001:db8::1')).toBe('https://bl.example/?q=2001:db8::1')
    expect(page('a&b=c')).toBe('https://bl.example/?q=a%26b%3Dc')
    const answer = readListAnswer(sampleList({ url: null }), found('127.0.0.2'), 'x')
    expect(answer).toMatchObject({ url: null })
  })
})

describe('a key', () => {
  const list = sampleList({ zone: 'Abcdef0123.zen.example', key: 'Abcdef0123' })

  it('is in no text about a failed question, in any case of its letters', () => {
    const cause = 'A of 2.0.0.127.abcdef0123.zen.example: 127.0.0.1:53 SERVFAIL; ABCDEF0123'
    const answer = readListAnswer(list, { kind: 'unavailable', cause }, 'x')
    expect(JSON.stringify(answer)).not.toMatch(/abcdef0123/i)
    expect(answer).toMatchObject({ cause: 'A of 2.0.0.127.(key).zen.example: 127.0.0.1:53 SERVFAIL; (key)' })
  })

  it('that is part of the mark for keys is replaced once', () => {
    expect(withoutKey({ key: 'key' }, 'a key b')).toBe('a (key) b')
  })
})
