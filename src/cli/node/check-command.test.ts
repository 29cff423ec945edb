import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 })
  mkdirSync(join(folder, 'data'), { mode: 0o700 })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function run(mail: string | null) {
  if (mail === null) rmSync(join(folder, 'mail.yaml'), { force: true })
  else writeFileSync(join(folder, 'mail.yaml'), mail)
  const io = captureIo()
  const code = await check({ config: join(folder, 'node.yaml'), offline: true }, io)
  return { code, out: io.out().replaceAll(folder, ''), err: io.err().replaceAll(folder, '') }
}

describe('waypost check', () => {
  it('prints a summary of the loaded data', async () => {
    const { code, out } = await run('forwards: { postmaster: x@far.example }\n')
    expect(code).toBe(0)
    expect(out).toContain(
      '1 routing file, 1 address, 0 signing keys, 0 assertions, 0 list entries, 0 users, 0 machines',
    )
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
      err: '/node.yaml:1:103: tls.certificate: the certificate has expired; renew it (warning)\n',
    })
    expect((await withCertificate(3)).err).toMatch(
      /tls\.certificate: the certificate expires in \d days; renew it \(warning\)/,
    )
    expect((await withCertificate(30)).err).toBe('')
  })

  it('warns of a further certificate that expires, and accepts it for the name of the node', async () => {
    const first = createAuthority('Check').issue({ names: ['other.example.org'] })
    const more = createAuthority('Check').issue({ names: ['mx-01.example.org'], days: 3 })
    const files = {
      'cert.pem': first.certificate,
      'key.pem': first.key,
      'more.pem': more.certificate,
      'more.key': more.key,
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 })
    const yaml = readFileSync(join(folder, 'node.yaml'), 'utf8')
    const node = JSON.parse(yaml) as { tls: object }
    const pair = { certificate: 'more.pem', key: 'more.key' }
    writeFileSync(join(folder, 'node.yaml'), JSON.stringify({ ...node, tls: { ...node.tls, more: [pair] } }))
    const { code, err } = await run('forwards: { postmaster: x@far.example }\n')
    writeFileSync(join(folder, 'node.yaml'), yaml)
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(
        /^\S+: tls\.more\.0\.certificate: the certificate expires in \d days; renew it \(warning\)\n$/,
      ),
    ])
  })

  it('warns of a certificate that other hosts reject', async () => {
    const replace = (names: readonly string[], ca: string) => {
      const { certificate, key } = createAuthority('Other').issue({ names })
      for (const [name, text] of Object.entries({ 'cert.pem': certificate, 'key.pem': key, 'ca.pem': ca }))
        writeFileSync(join(folder, name), text)
    }
    const yaml = readFileSync(join(folder, 'node.yaml'), 'utf8')
    writeFileSync(join(folder, 'node.yaml'), yaml.replace('"key":"key.pem"', '"key":"key.pem","ca":"ca.pem"'))
    replace(['other.example.org', 'more.example.org'], createAuthority('Fleet').certificate)
    const { code, err } = await run('forwards: { postmaster: x@far.example }\n')
    expect(code).toBe(0)
    expect(err.split('\n').slice(0, 2)).toEqual([
      '/node.yaml:1:103: tls.certificate: the certificate is for other.example.org, more.example.org, not for mx-01.example.org: peers and clients that verify the name reject it (warning)',
      expect.stringMatching(
        /the certificate is issued by .*Other.*, which is not in tls\.ca: fleet nodes .* reject it \(warning\)$/,
      ),
    ])
    writeFileSync(join(folder, 'node.yaml'), yaml)
  })

  it('warns of secrets that others can read, and of files of another user in the data directory', async () => {
    const replace = createAuthority('Check').issue({ names: ['mx-01.example.org'] })
    writeFileSync(join(folder, 'cert.pem'), replace.certificate)
    writeFileSync(join(folder, 'key.pem'), replace.key)
    chmodSync(join(folder, 'key.pem'), 0o644)
    chmodSync(join(folder, 'secret'), 0o660)
    const queue = join(folder, 'data', 'queue')
    mkdirSync(queue)
    writeFileSync(join(queue, 'queue.db'), '')
    const mirror = join(folder, 'data', 'directory', 'files')
    mkdirSync(mirror, { recursive: true })
    writeFileSync(join(mirror, 'state.json'), '{}')
    const isRoot = process.getuid?.() === 0
    if (isRoot)
      for (const file of [join(queue, 'queue.db'), join(mirror, 'state.json')]) chownSync(file, 48_925, 48_925)
    const { code, err } = await run('forwards: { postmaster: x@far.example }\n')
    expect(code).toBe(0)
    expect(err).toContain(
      'tls.key: found /key.pem with mode 644, expected 600 or 640: other users of this host can read it (warning)',
    )
    expect(err).toContain(
      'srs.secrets.0: found /secret with mode 660, expected 600 or 640: other users of this host can change it',
    )
    if (isRoot)
      expect(err).toContain(
        'data: found /data/queue/queue.db, and 1 more, which belongs to uid 48925, expected uid 0, the owner of /data',
      )
    for (const name of ['key.pem', 'secret']) chmodSync(join(folder, name), 0o600)
    for (const place of [queue, mirror]) rmSync(place, { recursive: true })
  })

  it('reports invalid keys, missing files, bad TLS and wrong routing data in one go', async () => {
    const yaml = readFileSync(join(folder, 'node.yaml'), 'utf8')
    const node = JSON.parse(yaml) as object
    const other = createAuthority('Other').issue({ names: ['x.example'] })
    writeFileSync(join(folder, 'other.pem'), other.certificate)
    const text = JSON.stringify({
      ...node,
      tls: { certificate: 'other.pem', key: 'key.pem', cert: 'x' },
      srs: { domain: 'srs.example.org', secrets: ['missing'], max_age: 'long' },
      users: 'no-users',
      limits: { recipients: 0 },
    })
    writeFileSync(join(folder, 'node.yaml'), text.replace('{', '{"watch":true,"watch":false,'))
    const { code, err } = await run('forwards: { postmaster: x@far.example }\nforwardz: {}\n')
    const expected = [
      /watch: found the key again, expected it once; it is first written in line 1/,
      /tls\.cert: found an unknown key/,
      /tls\.key: found a key that does not belong to the certificate in other\.pem/,
      /srs\.max_age: found "long", expected a duration/,
      /srs\.secrets\.0: found missing, which cannot be read \(ENOENT/,
      /limits\.recipients: found 0, expected/,
      /\/no-users:1:1: found no readable file/,
      /\/mail\.yaml:2:1: .*forwardz/,
      /^8 problems: this node would not start$/m,
    ]
    for (const one of expected) expect(err).toMatch(one)
    expect(code).toBe(2)
    writeFileSync(join(folder, 'node.yaml'), yaml)
  })

  it('reports a failed assertion with its position', async () => {
    const mail =
      'forwards: { postmaster: x@far.example }\nassertions:\n  - { address: kim@example.org, to: [a@b.example] }\n'
    const { code, err } = await run(mail)
    expect(code).toBe(2)
    expect(err).toContain('/mail.yaml:3:5: assertion about kim@example.org fails: to lacks a@b.example')
  })
})
