import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { createAuthority } from '../../demo/ca.ts'
import { srsCommand } from './srs-command.ts'
import type { SrsCommand } from './srs-command.ts'

const AT = Date.UTC(2026, 10, 21)
const DAY_MS = 86_400_000
let folder: string
let secret: string
let config: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-srs-'))
  secret = join(folder, 'secret')
  config = join(folder, 'node.yaml')
  const { certificate, key } = createAuthority('SRS').issue({ names: ['mx-01.example.org'] })
  const files = {
    secret: 'a secret of enough length\n',
    empty: '\n',
    several: 'a secret of enough length\nand an older secret\n',
    'cert.pem': certificate,
    'key.pem': key,
    'node.yaml': [
      'role: mx',
      'hostname: mx-01.example.org',
      'domain: example.org',
      'data: data',
      'tls: { certificate: cert.pem, key: key.pem }',
      'peers: { srs: [srs-01.example.org] }',
      'mail: [mail.yaml]',
      'srs: { domain: srs.example.org, secrets: [secret], max_age: 5d, hash_length: 9, hash_minimum: 4 }',
      '',
    ].join('\n'),
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function run(command: Omit<SrsCommand, 'at'> & { readonly at?: number }) {
  const io = captureIo()
  const code = await srsCommand({ at: AT, ...command }, io)
  return { code, out: io.out().trim(), err: io.err().trim() }
}

describe('waypost srs with secrets from files', () => {
  const encode = { action: 'encode', address: 'user@far.example' } as const

  it('signs with the first secret', async () => {
    const { code, out } = await run({ ...encode, secretFile: [secret], domain: 'SRS.example.org' })
    expect(code).toBe(0)
    expect(out).toMatch(/^SRS0=....=..=far\.example=user@srs\.example\.org$/)
  })

  it.each([
    ['empty', 'which is empty'],
    ['several', 'found several lines'],
    ['absent', 'which cannot be read'],
    ['.', 'which cannot be read'],
  ])('never signs with an unusable secret file: %s', async (name, reason) => {
    const { code, out, err } = await run({
      ...encode,
      secretFile: [secret, join(folder, name)],
      domain: 'srs.example.org',
    })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(reason)
  })

  it.each(['not a domain', '', '[192.0.2.1]', 'a..b'])('rejects %j as a domain', async (domain) => {
    expect(await run({ ...encode, secretFile: [secret], domain })).toMatchObject({
      code: 2,
      err: `--domain: found ${domain}, expected a domain`,
    })
  })
})

describe("waypost srs with a node's YAML", () => {
  it('needs one file per secret, as the node does', async () => {
    const yaml = readFileSync(config, 'utf8').replace('secrets: [secret]', 'secrets: [secret, several]')
    const other = join(folder, 'several.yaml')
    writeFileSync(other, yaml)
    expect(await run({ action: 'encode', address: 'user@far.example', config: other })).toMatchObject({
      code: 2,
      err: `${other}:8:51: srs.secrets.1: found 2 lines in several, expected one secret per file`,
    })
  })

  it('writes hashes of hash_length and accepts those of hash_minimum', async () => {
    const { out } = await run({ action: 'encode', address: 'user@far.example', config })
    expect(out).toMatch(/^SRS0=.{9}=/)
    for (const address of [out, out.replace(/^(SRS0=.{4}).{5}/, '$1')])
      expect(await run({ action: 'decode', address, config })).toMatchObject({ code: 0, out: 'user@far.example' })
    const short = out.replace(/^(SRS0=.{3}).{6}/, '$1')
    expect((await run({ action: 'decode', address: short, config })).err).toContain('rejected: wrong hash')
  })

  it('does not rewrite senders of its domains, if the data can be read', async () => {
    const encode = (address: string) => run({ action: 'encode', address, config })
    expect(await encode('kim@example.org')).toMatchObject({
      code: 1,
      err: 'kim@example.org: not rewritten: own domain',
    })
    expect(await encode('kim@shop.example')).toMatchObject({ code: 0 })
    writeFileSync(join(folder, 'mail.yaml'), 'alias_domains: { shop.example: example.org }\n')
    expect(await encode('kim@shop.example')).toMatchObject({ code: 1 })
    expect(await encode('kim@example.org')).toMatchObject({ code: 1 })
  })

  it('uses its secrets, domain and age', async () => {
    const { out, err } = await run({ action: 'encode', address: 'user@far.example', config })
    expect(err).toBe('')
    expect(out).toMatch(/@srs\.example\.org$/)
    const decode = { action: 'decode', address: out, config } as const
    expect(await run({ ...decode, at: AT + 4 * DAY_MS })).toMatchObject({ code: 0, out: 'user@far.example' })
    expect((await run({ ...decode, at: AT + 8 * DAY_MS })).err).toContain('rejected: expired')
  })
})
