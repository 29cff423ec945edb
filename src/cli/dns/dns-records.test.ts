import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { sampleFleetYaml, writeFleetFiles } from '../../../test/lib/sample-fleet.ts'
import { generateKey } from '../../dkim/key-store.ts'
import { OK, USAGE } from '../io.ts'
import { dnsRecords } from './dns-records.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-records-'))
const fleet = join(folder, 'fleet.yaml')
writeFleetFiles(folder)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const print = async (text: string, json = false) => {
  writeFileSync(fleet, text)
  const io = captureIo()
  const code = await dnsRecords({ fleet, json }, io)
  return { code, out: io.out(), err: io.err() }
}

test('the records of the DKIM keys beside the node.yaml files are there; domains without a key are named', async () => {
  const directory = join(folder, 'submission-01/dkim')
  mkdirSync(join(folder, 'submission-01'))
  for (const domain of ['example.org', 'example.net'])
    await generateKey(directory, { domain, selector: 'ed', algorithm: 'ed25519-sha256', stage: 'active', now: 0 })
  const { code, out, err } = await print(sampleFleetYaml)
  expect(code).toBe(OK)
  expect(out).toMatch(/^ed\._domainkey\.example\.org\. 3600 IN TXT "v=DKIM1; k=ed25519; p=\S+"$/m)
  expect(out).not.toContain('example.net')
  expect(err).toContain('the fleet file does not have the domain example.net (warning)')
  expect(err).toContain('forwards.example: no DKIM key')
  expect(err).not.toContain('example.org: no DKIM key')
})

test('JSON has the record, its line and what breaks without it; policies have their address', async () => {
  const { out } = await print(`${sampleFleetYaml}records: { mta_sts: { mode: testing } }\n`, true)
  const { records, policies } = JSON.parse(out)
  expect(records[0]).toEqual({
    name: 'example.org',
    type: 'MX',
    ttl: 3600,
    data: '10 mx-01.example.org.',
    purpose: 'mx',
    line: 'example.org. 3600 IN MX 10 mx-01.example.org.',
    breaks: expect.stringContaining('does not arrive'),
  })
  expect(policies[0]).toEqual({
    host: 'mta-sts.example.org',
    text: 'version: STSv1\r\nmode: testing\r\nmx: mx-01.example.org\r\nmax_age: 604800\r\n',
  })
})

test('too many look-ups in SPF are named; a key that cannot be read is an error', async () => {
  const includes = Array.from({ length: 11 }, (_, index) => `_spf${index}.example.net`)
  const { err } = await print(`${sampleFleetYaml}records: { spf: { include: [ ${includes.join(', ')} ] } }\n`)
  expect(err).toContain('example.org: SPF with 11 look-ups, at most 10 are allowed')
  expect((await print(`${sampleFleetYaml}dkim_keys: [ none ]\n`)).code).toBe(USAGE)
})
