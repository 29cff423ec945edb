import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { stsPolicyId } from '../../mta-sts/sts-policy.ts'
import { printSts, type StsFormat } from './print-sts.ts'

const folder = mkdtempSync(join(tmpdir(), 'mta-sts-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'node.yaml')
writeFileSync(join(folder, 'secret'), 'a secret only for tests\n', { mode: 0o600 })
mkdirSync(join(folder, 'dkim'))
const peers = { mx: [{ host: '127.0.0.1', addresses: ['127.0.0.1/32'] }] }
const srs = { srs: { domain: 'srs.example.net', secrets: ['secret'] }, peers, dkim: { keys: 'dkim' } }
writeFileSync(join(folder, 'mail.yaml'), stringify({ domains: ['example.org'] }))

async function print(format: StsFormat, mta_sts?: object) {
  const base = {
    role: 'srs',
    hostname: 'mx.example.org',
    domain: 'example.org',
    data: folder,
    mail: ['mail.yaml'],
    ...srs,
  }
  const tls = { listen: { smtp: '127.0.0.1:2525' } }
  writeFileSync(file, stringify({ ...base, ...tls, ...(mta_sts && { mta_sts }) }))
  const io = captureIo()
  const code = await printSts({ format, config: file }, io)
  return { code, out: io.out(), err: io.err() }
}

it('prints the policy', async () => {
  const { code, out } = await print('policy', {
    mode: 'enforce',
    mx: ['MX.example.org', '*.example.net'],
    max_age: '1d',
  })
  expect(code).toBe(0)
  expect(out).toBe('version: STSv1\nmode: enforce\nmx: mx.example.org\nmx: *.example.net\nmax_age: 86400\n')
})

it('prints records for each domain, with an id of the policy', async () => {
  const { out } = await print('records', { mx: ['mx.example.org'], domains: ['example.org', 'example.net'] })
  const id = stsPolicyId({ mode: 'testing', mx: ['mx.example.org'], maxAge: 604_800 })
  expect(out).toBe(
    ['example.org', 'example.net']
      .map(
        (domain) =>
          `_mta-sts.${domain}. 3600 IN TXT "v=STSv1; id=${id};"\nmta-sts.${domain}. 3600 IN CNAME mx.example.org.\n`,
      )
      .join(''),
  )
})

it('needs a policy', async () => {
  expect(await print('policy')).toEqual({ code: 2, out: '', err: expect.stringContaining('found no mta_sts') })
})
