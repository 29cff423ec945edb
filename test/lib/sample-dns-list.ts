// Lists for tests: a block list of addresses and domains, an allow list, and the records of their test points.

import type { ZoneEntry } from '../../src/demo/authority.ts'
import type { DnsList } from '../../src/filter/dns-lists.ts'
import { parseAnswerPattern } from '../../src/lib/answer-pattern.ts'
import type { AnswerPattern } from '../../src/lib/answer-pattern.ts'

export const pattern = (text: string) => parseAnswerPattern(text) as AnswerPattern

/** `bl`: 127.0.0.2 has 5 points, 127.0.0.4-7 has 6, bit 64 of 127.0.1.x has 3; 127.0.0.255 is an error. */
export function sampleList(change: Partial<DnsList> = {}): DnsList {
  return {
    name: 'bl',
    zone: 'bl.example',
    key: null,
    kinds: ['ip4'],
    domains: 'whole',
    answers: [
      { answer: pattern('127.0.0.2'), points: 5, meaning: 'spam source' },
      { answer: pattern('127.0.0.4-7'), points: 6, meaning: 'exploited host' },
      { answer: pattern('127.0.1.&64'), points: 3, meaning: 'abuse' },
    ],
    errors: [{ answer: pattern('127.0.0.255'), meaning: 'too many questions' }],
    url: 'https://bl.example/?q={subject}',
    testDomain: 'test',
    ...change,
  }
}

/** Vouches with -3 for 127.0.2.2. */
export function sampleAllowList(): DnsList {
  const answers = [{ answer: pattern('127.0.2.2'), points: -3, meaning: 'medium trust' }]
  return sampleList({ name: 'wl', zone: 'wl.example', answers, errors: [] })
}

/** `2.0.0.0.0.0.f.7.f.f.f.f…`: the IPv6 test point of RFC 5782 section 5. */
export const IP6_TEST_POINT = `2.0.0.0.0.0.f.7.f.f.f.f${'.0'.repeat(20)}`

/** What a zone needs to pass its test. */
export function testPointsOf(zone: string): [string, ZoneEntry][] {
  return ['2.0.0.127', IP6_TEST_POINT, 'test'].map((labels) => [`${labels}.${zone}`, { A: '127.0.0.2' }])
}
