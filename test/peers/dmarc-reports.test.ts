// Our DMARC reports read by programs of others: dmarc-cat prints them, and xmllint compares them with a schema of RFC 9990.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAggregate } from '../../src/reports/sending/pack-aggregate.ts'
import type { VerifiedResult } from '../../src/reports/sending/verified-result.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { dmarcXml } from '../lib/report-samples.ts'

const result: VerifiedResult = {
  day: '2026-11-28',
  policyDomain: 'author.example',
  organization: 'author.example',
  source: '2001:db8::1',
  headerFrom: 'news.author.example',
  envelopeFrom: 'bounce.example',
  disposition: 'none',
  dkim: false,
  spf: false,
  reason: 'local_policy',
  signatures: [
    { domain: 'author.example', selector: '<s>&\u0007', result: 'policy' },
    { domain: 'x.example', selector: 's', result: 'pass' },
  ],
  spfResult: 'softfail',
}
const facts = {
  org: 'Söhne & Co',
  email: 'dmarc@example.org',
  reportId: 'author.example.20261128@mx.example.org',
  day: result.day,
  policyDomain: result.policyDomain,
  record: { p: 'quarantine', sp: 'none', np: null, adkim: 'r', aspf: 's', fo: '1:d', testing: true },
}
const results = [
  { result, count: 70 },
  {
    result: { ...result, envelopeFrom: '', disposition: 'pass', dkim: true, reason: null, signatures: [] } as const,
    count: 3,
  },
]
const packed = packAggregate(facts, { results, omitted: 4 })
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-dmarc-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function run(program: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
  return { status, stdout, stderr }
}

describe.runIf(ensurePeers(['dmarc-cat']))('dmarc-cat', () => {
  it('prints the results', () => {
    const file = join(folder, 'example.org!author.example!1795824000!1795910399!abc.xml.gz')
    writeFileSync(file, packed)
    const { status, stdout } = run('dmarc-cat', '-N', file)
    expect(status).toBe(0)
    expect(stdout).toContain('Reporting by: Söhne & Co')
    expect(stdout).toMatch(/Policy: p=quarantine; dkim=r; spf=s/)
    expect(stdout).toMatch(/2001:db8::1 +70 /)
  })
})

describe.runIf(ensurePeers(['xmllint']))('xmllint', () => {
  const schema = join(import.meta.dirname, '../lib/dmarc-report.xsd')
  const validate = (xml: string | Buffer) => {
    const file = join(folder, 'report.xml')
    writeFileSync(file, xml)
    return run('xmllint', '--noout', '--nonet', '--schema', schema, file)
  }
  it('finds our reports and the samples valid', () => {
    expect(validate(gunzipSync(packed))).toMatchObject({ status: 0 })
    expect(validate(dmarcXml())).toMatchObject({ status: 0 })
  })
  it('finds those of the older format invalid', () => {
    expect(validate(dmarcXml({ format: 'rfc7489' }))).toMatchObject({ status: 3 })
  })
})
