import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { type Authority, startAuthority } from '../../demo/authority.ts'
import { dkimCheck, dkimRotate } from './dkim-check.ts'
import { dkimKeygen } from './dkim-keygen.ts'
import { dkimList, dkimRecords } from './dkim-list.ts'
import { dkimSign } from './dkim-sign.ts'
import type { Io } from '../io.ts'
import { verify } from '../mail/verify-command.ts'

let dns: Authority
let directory: string
beforeAll(async () => {
  dns = await startAuthority()
})
afterAll(() => dns.close())
beforeEach(async () => {
  dns.zone.clear()
  directory = await mkdtemp(join(tmpdir(), 'dkim-cli-'))
})
afterEach(() => rm(directory, { recursive: true }))

const now = Date.UTC(2026, 10, 21)

async function run(command: (io: Io) => Promise<number>, input = '') {
  const io = captureIo(input)
  const code = await command(io)
  return { code, out: io.out(), err: io.err() }
}

const generated = { algorithms: ['rsa', 'ed25519'], domain: 'example.org', json: false, now } as const
const keygen = (more: object = {}) => run((io) => dkimKeygen({ ...generated, directory, ...more }, io))
const nameServer = () => `${dns.host}:${dns.port}`

async function publish(): Promise<void> {
  const { out } = await run((io) => dkimRecords({ directory, json: true }, io))
  for (const { record } of JSON.parse(out) as { record: { name: string; text: string } }[]) {
    dns.zone.set(record.name, { TXT: record.text })
  }
}

describe('waypost dkim', () => {
  test('keygen creates both keys and prints their records', async () => {
    const { code, out } = await keygen()
    expect(code).toBe(0)
    const lines = out.trim().split('\n')
    expect(lines[0]).toMatch(/^rsa-20261121\._domainkey\.example\.org\. IN TXT "v=DKIM1; k=rsa; p=[^"]+" "[^"]+"$/)
    expect(lines[1]).toMatch(/^ed25519-20261121\._domainkey\.example\.org\. IN TXT "v=DKIM1; k=ed25519; p=[^"]{44}"$/)
    expect((await run((io) => dkimRecords({ directory, json: false }, io))).out.trim().split('\n').toSorted()).toEqual(
      lines.toSorted(),
    )
  })

  test('keygen does not overwrite', async () => {
    await keygen({ selector: 's1', algorithms: ['ed25519'] })
    const again = await keygen({ selector: 's1', algorithms: ['ed25519'] })
    expect(again).toMatchObject({ code: 2, out: '', err: expect.stringContaining('s1.pem: exists already') })
  })

  test.each([
    [{ algorithms: ['dsa'] }, '--algorithm: found dsa, expected rsa or ed25519'],
    [{ domain: '' }, '--domain: found nothing, expected the domain of the key'],
    [{ domain: 'two words' }, 'found directory two words, expected a domain name'],
    [{ domain: '../etc' }, 'found directory ../etc, expected a domain name'],
  ])('keygen rejects %j', async (wrong, message) => {
    expect(await keygen(wrong)).toEqual({ code: 2, out: '', err: `${message}\n` })
    expect(await readdir(directory)).toEqual([])
  })

  test('list prints stage and time, for one domain or all', async () => {
    await keygen({ selector: 's1', algorithms: ['ed25519'] })
    await keygen({ selector: 's2', algorithms: ['ed25519'], domain: 'example.net', stage: 'active' })
    const all = await run((io) => dkimList({ directory, json: false }, io))
    expect(all.out).toBe(
      'example.net\ts2\ted25519-sha256\tactive\t2026-11-21T00:00:00.000Z\n' +
        'example.org\ts1\ted25519-sha256\tgenerated\t2026-11-21T00:00:00.000Z\n',
    )
    const one = await run((io) => dkimList({ directory, json: true, domain: 'Example.ORG' }, io))
    expect(JSON.parse(one.out)).toMatchObject([{ domain: 'example.org', selector: 's1', stage: 'generated' }])
  })

  test('check compares with the DNS', async () => {
    await keygen({ selector: 's1', algorithms: ['ed25519'], stage: 'active' })
    const missing = await run((io) => dkimCheck({ directory, json: false, dns: nameServer() }, io))
    expect(missing).toMatchObject({ code: 1, out: 's1._domainkey.example.org\tactive\tmissing\n' })
    await publish()
    const there = await run((io) => dkimCheck({ directory, json: false, dns: nameServer() }, io))
    expect(there).toMatchObject({ code: 0, out: 's1._domainkey.example.org\tactive\tpublished\n' })
  })

  test('rotate moves two keys through all stages as the DNS allows', async () => {
    const rotate = (at: number) => run((io) => dkimRotate({ directory, json: false, dns: nameServer(), now: at }, io))
    const stages = async () => {
      const { out } = await run((io) => dkimList({ directory, json: true }, io))
      return (JSON.parse(out) as { selector: string; stage: string }[]).map((key) => `${key.selector} ${key.stage}`)
    }
    await keygen({ selector: 'a', algorithms: ['ed25519'] })
    expect((await rotate(now)).out).toBe('example.org\ta\tgenerated\tpublish a._domainkey.example.org\n')
    await publish()
    expect((await rotate(now)).out).toContain('generated -> active')
    await keygen({ selector: 'b', algorithms: ['ed25519'] })
    await publish()
    await rotate(now)
    expect(await stages()).toEqual(['a active', 'b published'])
    await rotate(now + 3 * 3_600_000)
    expect(await stages()).toEqual(['a retired', 'b active'])
  })

  test('sign writes a message that verify passes', async () => {
    await keygen({ stage: 'active' })
    await publish()
    const message = 'From: Ann <ann@example.org>\nSubject: Hi\n\nGr\xfc\xdfe\n\n'
    const signed = await run((io) => dkimSign({ directory, now }, io), message)
    expect(signed.code).toBe(0)
    expect(signed.out.match(/^DKIM-Signature:/gm)).toHaveLength(2)
    const options = { ip: '192.0.2.1', helo: 'x.example', from: null, dns: nameServer(), at: now, json: true }
    const verified = await run((io) => verify(options, io), signed.out)
    expect(JSON.parse(verified.out)).toMatchObject({ dkim: [{ result: 'pass' }, { result: 'pass' }] })
  })

  test('sign says why it does not sign', async () => {
    await keygen()
    const inactive = await run((io) => dkimSign({ directory, now }, io), 'From: ann@example.org\n\nx\n')
    expect(inactive).toMatchObject({ code: 1, out: '', err: 'no active key for example.org\n' })
    const withoutFrom = await run((io) => dkimSign({ directory, now }, io), 'Subject: x\n\nx\n')
    expect(withoutFrom).toMatchObject({ code: 2, out: '', err: expect.stringContaining('found no address in From') })
  })

  test('unusable keys: exit code 2 and the name of the file', async () => {
    await keygen({ selector: 's1', algorithms: ['ed25519'] })
    const file = join(directory, 'example.org', 's2.pem')
    await writeFile(file, 'nonsense', { mode: 0o600 })
    const listed = await run((io) => dkimList({ directory, json: false }, io))
    expect(listed).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`${file}: found no private key`) })
  })
})
