// TLS reports (RFC 8460), and JSON that is none.

import { expect, it } from 'vitest'
import { BEGIN, END, tlsJson } from '../../../test/lib/report-samples.ts'
import { readTls } from './read-tls.ts'

const read = (json: string) => readTls(Buffer.from(json), BEGIN + 86_400_000)
const policy = { 'policy-type': 'tlsa', 'policy-domain': 'Example.org' }
const summary = { 'total-successful-session-count': 1, 'total-failure-session-count': 0 }

it('reads policies and failures', () => {
  expect(read(tlsJson())).toEqual({
    kind: 'tls',
    org: 'Reporter',
    contact: 'tls@reporter.example',
    reportId: 'tls-1@reporter.example',
    begin: BEGIN,
    end: END,
    policies: [
      {
        type: 'sts',
        domain: 'example.org',
        successes: 40,
        failures: 3,
        details: [
          { resultType: 'certificate-expired', sendingIp: '203.0.113.1', mx: 'mx.example.org', count: 3, reason: null },
        ],
      },
    ],
  })
})

it('reads what else reporters write: no failures, numbers as text, a byte order mark, null', () => {
  const written = tlsJson({
    policies: [{ policy, summary: { ...summary, 'total-failure-session-count': '2' }, 'failure-details': null }],
  })
  expect(read(`\ufeff${written}`).policies).toEqual([
    { type: 'tlsa', domain: 'example.org', successes: 1, failures: 2, details: [] },
  ])
})

it.each([
  ['no JSON', '{"a"', 'the JSON cannot be parsed'],
  ['other JSON', '{"a":1}', 'no TLS report: organization-name: '],
  ['deep JSON', `{"a":${'['.repeat(100_000)}`, 'JSON with more than 16 levels'],
  ['no policy', tlsJson({ policies: [] }), 'the report has no policy'],
  [
    'a negative count',
    tlsJson({ policies: [{ policy, summary: { ...summary, 'total-failure-session-count': -1 } }] }),
    'policies.0.summary.total-failure',
  ],
  ['no period', tlsJson({ 'date-range': { 'start-datetime': 'x', 'end-datetime': 'y' } }), 'the report has no period'],
  ['no ID', tlsJson({ 'report-id': '\u0000' }), 'no organization-name or no report-id'],
  [
    'many policies',
    tlsJson({ policies: Array.from({ length: 50_001 }, () => ({ policy, summary })) }),
    'more than 50000',
  ],
])('refuses %s', (_, json, reason) => {
  expect(() => read(json)).toThrow(reason)
})

it('counts no brackets in strings', () => {
  expect(read(tlsJson({ 'contact-info': '[{'.repeat(50) })).contact).toHaveLength(100)
})
