import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { createAuthority } from '../../demo/ca.ts'
import { check } from './check-command.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-check-'))
  const { certificate, key } = createAuthority('Check').issue({ names: ['mx-01.example.org'] })
  const node = {
    role: 'mx',
    hostname: 'mx-01.example.org',
    domain: 'example.org',
    data: 'data',
    tls: { certificate: 'cert.pem', key: 'key.pem' },
    mail: ['mail.yaml'],
    peers: { srs: ['srs-01.example.org'] },
    srs: { domain: 'srs.example.org', secrets: ['secret'] },
  }
  const files = {
    'cert.pem': certificate,
    'key.pem': key,
    secret: 'a secret of enough length\n',
    'node.yaml': JSON.stringify(node),
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function run(mail: string | null) {
  if (mail === null) rmSync(join(folder, 'mail.yaml'), { force: true })
  else writeFileSync(join(folder, 'mail.yaml'), mail)
  const io = captureIo()
  const code = await check({ config: join(folder, 'node.yaml') }, io)
  return { code, out: io.out().replaceAll(folder, ''), err: io.err().replaceAll(folder, '') }
}

describe('waypost check', () => {
  it('prints a summary of the loaded data', async () => {
    const { code, out } = await run('forwards: { postmaster: x@far.example }\n')
    expect(code).toBe(0)
    expect(out).toContain('1 routing file, 0 signing keys, 0 assertions, 0 users, 0 machines')
  })

  it('gives every message a position', async () => {
    expect(await run(null)).toMatchObject({ code: 2, err: expect.stringContaining('/mail.yaml:1:1: no such file\n') })
    const { code, err } = await run('')
    expect(code).toBe(0)
    expect(err).toMatch(/^\/node\.yaml:1:1: mail to postmaster@example\.org is refused .* \(warning\)\n$/)
  })

  it('warns of an expired certificate and of one that expires soon', async () => {
    const issue = (days: number) => createAuthority('Check').issue({ names: ['mx-01.example.org'], days })
    const withCertificate = async (days: number) => {
      const { certificate, key } = issue(days)
      writeFileSync(join(folder, 'cert.pem'), certificate)
      writeFileSync(join(folder, 'key.pem'), key)
      return run('forwards: { postmaster: x@far.example }\n')
    }
    expect(await withCertificate(-2)).toMatchObject({
      code: 0,
      err: '/node.yaml:1:1: tls.certificate: the certificate has expired; renew it (warning)\n',
    })
    expect((await withCertificate(3)).err).toMatch(
      /tls\.certificate: the certificate expires in \d days; renew it \(warning\)/,
    )
    expect((await withCertificate(30)).err).toBe('')
  })

  it('reports a failed assertion with its position', async () => {
    const mail =
      'forwards: { postmaster: x@far.example }\nassertions:\n  - { address: kim@example.org, to: [a@b.example] }\n'
    const { code, err } = await run(mail)
    expect(code).toBe(2)
    expect(err).toContain('/mail.yaml:3:5: assertion about kim@example.org fails: to lacks a@b.example')
  })
})
