import { describe, expect, test } from 'vitest'
import { readFields } from '../message/header.ts'
import { groupOfWay, missingHops, readHops } from './probe-hops.ts'

const sentAt = Date.parse('2026-11-30T03:00:00.400Z')
const fleet = { nodes: new Set(['mx-01.example.org']), domain: 'example.org' }

const hops = (...received: string[]) =>
  readHops(readFields(Buffer.from(received.map((one) => `Received: ${one}\r\n`).join('') + '\r\n')), sentAt, fleet)

describe('the way of a probe', () => {
  test('is in the order of the servers, with times in whole seconds', () => {
    const found = hops(
      'from mx.google.com ([192.0.2.1]) by MX-01.example.org (Waypost) with ESMTPS (TLSv1.3 X) id Q2; Mon, 30 Nov 2026 03:00:04 +0000',
      'by 2002:a05:6a20 with SMTP id abc; Sun, 29 Nov 2026 19:00:02 -0800 (PST)',
      'from srs-01.example.org (srs-01.example.org. [192.0.2.9]) by mx.google.com with ESMTPS id x (version=TLS1_3); Mon, 30 Nov 2026 03:00:02 +0000',
      'from mx-01.example.org ([192.0.2.7])\r\n by srs-01.example.org (Waypost) with ESMTPS id Q1; Mon, 30 Nov 2026 03:00:01 +0000',
    )
    expect(found).toEqual([
      { by: 'srs-01.example.org', group: 'fleet', ms: 1000 },
      { by: 'mx.google.com', group: 'google', ms: 2000 },
      { by: '2002:a05:6a20', group: 'other', ms: 2000 },
      { by: 'MX-01.example.org', group: 'fleet', ms: 4000 },
    ])
    expect(groupOfWay(found)).toBe('google')
  })

  test('of hostile fields is short and harmless', () => {
    const many = Array.from({ length: 100 }, () => `by ${'x'.repeat(900)}\u001b[31m; nonsense`)
    const found = hops(...many)
    expect(found).toHaveLength(30)
    expect(found[0]).toMatchObject({ group: 'other', ms: null })
    expect(found[0]?.by.length).toBeLessThan(110)
    expect(hops('nothing', '(((((by a', 'by (by b) c; x').map(({ by }) => by)).toEqual(['c', 'a', 'unknown'])
  })

  test('is of the fleet if no other server is on it', () => {
    expect(groupOfWay([{ group: 'fleet' }, { group: 'fleet' }])).toBe('fleet')
    expect(groupOfWay([{ group: 'fleet' }, { group: 'other' }])).toBe('other')
  })
})

test('wanted servers are found by name or by pattern', () => {
  const way = [{ by: 'MX-01.example.org' }, { by: 'srs-02.example.org' }]
  expect(missingHops(['mx-01.example.org', 'srs-*.example.org', '*'], way)).toEqual([])
  expect(missingHops(['srs-01.example.org', 'srs.02*', 'submission-*'], way)).toEqual([
    'srs-01.example.org',
    'srs.02*',
    'submission-*',
  ])
})
