// Our TLS reports before an independent validator: Python's jsonschema, with a schema that is written from the text of RFC 8460.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TlsFailure } from '../../src/smtp/tls-result.ts'
import type { TlsResultRow } from '../../src/state/tls-result-contract.ts'
import { reportJson } from '../../src/tls-reports/report-json.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'

const schema = join(import.meta.dirname, '../lib/tls-report.schema.json')
const program = `
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
for report in json.load(sys.stdin):
  print(json.dumps([error.message for error in validator.iter_errors(report)][:5]))
`

/** The findings of the validator for each report. */
function validate(reports: readonly unknown[]): readonly (readonly string[])[] {
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', program, schema], {
    input: JSON.stringify(reports),
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect(stderr).toBe('')
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[])
}

const failures: readonly TlsFailure[] = [
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
  'tlsa-invalid',
  'dnssec-invalid',
  'sts-policy-fetch-error',
  'sts-policy-invalid',
  'sts-webpki-invalid',
]
const none = { type: 'no-policy-found', strings: [], mxHosts: [] } as const
const tlsa = { type: 'tlsa', strings: ['3 1 1 aa'], mxHosts: [] } as const
const sts = { type: 'sts', strings: ['version: STSv1', 'mode: enforce'], mxHosts: ['*.a.test'] } as const
const row = (changes: Partial<TlsResultRow>): TlsResultRow => ({
  day: '2026-11-29',
  domain: 'a.test',
  policy: none,
  failure: null,
  count: 2,
  ...changes,
})
const failed = (type: string, changes: object = {}) => ({
  type,
  sendingIp: '192.0.2.1',
  mxHost: 'mx.a.test',
  mxHelo: 'mx.a.test',
  mxIp: '2001:db8::2',
  reason: 'CERT_HAS_EXPIRED',
  ...changes,
})
const frame = {
  organization: 'Example',
  contact: 'tls@example.org',
  reportId: 'x@mx.example.org',
  day: '2026-11-29',
  domain: 'a.test',
}
const report = (...rows: TlsResultRow[]) => JSON.parse(reportJson(frame, rows)) as Record<string, unknown>

describe.runIf(ensurePeers(['jsonschema']))('jsonschema', () => {
  it('finds nothing in reports of every policy and every failure', () => {
    const reports = [
      report(row({})),
      report(row({ policy: tlsa }), row({ policy: sts }), row({})),
      report(...failures.map((type) => row({ policy: sts, failure: failed(type) }))),
      report(row({ failure: failed('sts-policy-fetch-error', { sendingIp: null, mxIp: null, reason: null }) })),
      report(row({ failure: failed('starttls-not-supported', { mxHelo: null }) })),
      report(row({ failure: failed('starttls-not-supported', { mxHelo: '[192.0.2.2]' }) })),
    ]
    expect(validate(reports)).toEqual(reports.map(() => []))
  })

  it('finds the faults that a report could have', () => {
    const whole = report(row({ policy: sts, failure: failed('certificate-expired') }))
    const bad = [
      { ...whole, 'contact-info': undefined },
      { ...whole, 'date-range': { 'start-datetime': '2026-11-29', 'end-datetime': '2026-11-29' } },
      report(row({ failure: failed('certificate-late') })),
      report(row({ failure: failed('certificate-expired', { mxIp: 'mx.a.test' }) })),
      report(row({ policy: { ...sts, mxHosts: [] } })),
    ]
    for (const found of validate(bad)) expect(found).not.toEqual([])
  })
})
