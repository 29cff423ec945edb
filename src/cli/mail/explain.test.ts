// The command line of explain: invalid arguments give one line on standard error. Its results are tested in the tests of routing.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { createAuthority } from '../../demo/ca.ts'
import { generateKey } from '../../dkim/key-store.ts'
import { systemClock } from '../../lib/clock.ts'
import { openTokenDatabase } from '../../route/srs/token-database.ts'
import { explain } from './explain.ts'
import type { ExplainOptions } from './explain.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-explain-'))
  const { certificate, key } = createAuthority('Explain').issue({ names: ['mx-01.example.org'] })
  const node = {
    role: 'mx',
    hostname: 'mx-01.example.org',
    domain: 'example.org',
    data: 'data',
    tls: { certificate: 'cert.pem', key: 'key.pem' },
    mail: ['mail.yaml'],
    // A closed port: queries fail at once.
    dns: { servers: ['127.0.0.1:1'] },
    peers: { srs: ['srs-01.example.org'] },
    srs: { domain: 'srs.example.org', secrets: ['secret'] },
  }
  const files = {
    'cert.pem': certificate,
    'key.pem': key,
    secret: 'a secret of enough length\n',
    'mail.yaml': 'forwards: { kim: kim@far.example, postmaster: kim@far.example }\n',
    'node.yaml': JSON.stringify(node),
    'mail.eml': 'From: ann@stranger.example\nSubject: Hello\n\nHello.\n',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The srs node of the same organisation, which rewrites long senders with tokens. */
async function srsNode(): Promise<string> {
  const signing = { domain: 'example.org', selector: 'ed', algorithm: 'ed25519-sha256', stage: 'active' } as const
  mkdirSync(join(folder, 'dkim'))
  await generateKey(join(folder, 'dkim'), { ...signing, now: 0 })
  const mx = JSON.parse(readFileSync(join(folder, 'node.yaml'), 'utf8')) as object
  const srs = {
    ...mx,
    role: 'srs',
    dkim: { keys: 'dkim' },
    peers: { mx: [{ host: 'mx-01.example.org', addresses: ['192.0.2.1/32'] }] },
  }
  const config = join(folder, 'srs.yaml')
  writeFileSync(config, JSON.stringify(srs))
  return config
}

async function run(options: Partial<ExplainOptions>, input = '') {
  const io = captureIo(input)
  const usual = { config: join(folder, 'node.yaml'), recipient: 'kim@example.org', ip: '192.0.2.1', helo: 'x.example' }
  const code = await explain({ ...usual, at: Date.UTC(2026, 10, 21), ...options }, io)
  return { code, out: io.out(), err: io.err() }
}

describe('waypost explain', () => {
  it.each([
    ['a recipient', { recipient: '' }, 'found "", expected an address'],
    ['a sender', { from: 'x y' }, 'found "x y", expected an address'],
    ['an address of a client', { ip: 'nonsense' }, '--ip: found "nonsense", expected an IPv4 or IPv6 address'],
    ['an origin', { as: 'stranger' }, '--as: found stranger, expected internet'],
    ['a message', { message: '/nonexistent/mail.eml' }, '--message: found /nonexistent/mail.eml, which cannot be read'],
    ['a message that is a folder', { message: tmpdir() }, 'which cannot be read (EISDIR'],
  ])('reports an invalid argument: %s', async (_name, options, message) => {
    const { code, out, err } = await run(options)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message)
    expect(err.trim().split('\n').length).toBe(1)
  })

  it('reads a message from a file and from standard input', async () => {
    const message = join(folder, 'mail.eml')
    const fromFile = await run({ message })
    expect(fromFile).toMatchObject({ code: 0, err: '' })
    expect(fromFile.out).toContain('checked dkim: none')
    expect(await run({ message: '-' }, 'From: ann@stranger.example\nSubject: Hello\n\nHello.\n')).toEqual(fromFile)
  })

  it('resolves a sender that is too long for SRS as the node does, and stores no token', async () => {
    const config = await srsNode()
    const at = systemClock.now()
    const tokens = join(folder, 'data', 'srs-tokens.db')
    const sender = `${'a'.repeat(60)}@far.example`
    const forward = await run({ config, from: sender, at })
    expect(forward).toMatchObject({ code: 0, err: expect.not.stringContaining('rejected') })
    const [, short = ''] = /MAIL FROM {2}<(SRS0=\S+=1=[0-9a-v]{32}@srs\.example\.org)>/.exec(forward.out) ?? []
    expect(existsSync(tokens)).toBe(false)
    expect(await run({ config, recipient: short, from: '<>', at })).toMatchObject({ code: 1 })
    mkdirSync(join(folder, 'data'))
    const earlierPath = join(folder, 'data', 'srs-tokens')
    const store = await openTokenDatabase({ path: tokens, earlierPath, maxAgeDays: 21, capacity: 10 }, at)
    await store.keep(short.split('=')[4]?.split('@')[0] ?? '', sender, at)
    await store.close()
    const bounce = await run({ config, recipient: short, from: '<>', at })
    expect(bounce).toMatchObject({ code: 0, out: expect.stringContaining(`1. ${sender}`) })
  })
})

describe('without --from', () => {
  it('says which sender it assumed, and what happens to a foreign one', async () => {
    const mx = await run({})
    expect(mx.out).toContain(`
assumed: the null sender <>, origin internet (see --from and --as)
with a foreign sender such as <someone@sender.example>:
   kim@example.org, next hop peers:srs: MAIL FROM <someone@sender.example>, unchanged at this node
`)
    const config = join(folder, 'srs.yaml')
    if (!existsSync(config)) await srsNode()
    const srs = await run({ config })
    expect(srs.out).toMatch(
      /origin peer:mx [^]*\n {3}kim@far\.example, next hop mx:far\.example: MAIL FROM <SRS0=\S+=sender\.example=someone@srs\.example\.org>\n/,
    )
    expect(srs.out).toContain('MAIL FROM  <>\n')
  })

  it('says it in JSON', async () => {
    const { out } = await run({ config: join(folder, 'srs.yaml'), json: true })
    expect(JSON.parse(out)).toMatchObject({
      from: { address: null, isAssumed: true },
      foreignSender: {
        sender: 'someone@sender.example',
        destinations: [{ recipient: 'kim@far.example', reversePath: expect.stringContaining('SRS0=') }],
      },
    })
  })

  it('assumes nothing about a sender that is given, and has no foreign sender for a user', async () => {
    for (const from of ['<>', 'ann@stranger.example']) expect((await run({ from })).out).not.toContain('assumed')
    const user = await run({ as: 'user:lee' })
    expect(user.out).toContain('assumed: the null sender <>, origin user:lee')
    expect(user.out).not.toContain('foreign sender')
  })
})
