import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keyRecord, sameKey, zoneLine } from './key-record.ts'
import { generateKey, loadKeys, saveStage } from './key-store.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dkim-'))
})
afterEach(() => rm(directory, { recursive: true }))

const now = Date.UTC(2026, 10, 21)
const wanted = { domain: 'example.org', selector: 's1', algorithm: 'ed25519-sha256', stage: 'generated', now } as const

async function put(name: string, content: string, mode = 0o600): Promise<string> {
  const file = join(directory, 'example.org', name)
  await mkdir(join(directory, 'example.org'), { recursive: true })
  await writeFile(file, content, { mode })
  await chmod(file, mode)
  return file
}

function rsaPem(bits: number): string {
  return generateKeyPairSync('rsa', { modulusLength: bits })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
}

describe('a generated key', () => {
  test.each(['rsa-sha256', 'ed25519-sha256'] as const)('%s loads again as it was made', async (algorithm) => {
    const made = await generateKey(directory, { ...wanted, domain: 'Example.ORG', algorithm })
    if (made.kind === 'refused') throw new Error(made.problem)
    const { keys, problems, warnings } = await loadKeys(directory)
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] })
    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatchObject({ domain: 'example.org', selector: 's1', algorithm, stage: 'generated', since: now })
    expect(keyRecord(keys[0]!)).toEqual(keyRecord(made.key))
    expect((await stat(made.key.file)).mode & 0o777).toBe(0o600)
  })

  test('is never overwritten', async () => {
    await generateKey(directory, wanted)
    const file = join(directory, 'example.org', 's1.pem')
    const before = await readFile(file)
    const again = await generateKey(directory, wanted)
    expect(again).toMatchObject({ kind: 'refused', problem: expect.stringContaining(`${file}: exists already`) })
    expect(await readFile(file)).toEqual(before)
  })

  test.each([
    ['../evil', 's1'],
    ['example..org', 's1'],
    ['bad example.org', 's1'],
    ['example.org', 'a'.repeat(64)],
    ['example.org', Array(20).fill('a'.repeat(12)).join('.')],
    ['example.org', '../s1'],
    ['example.org', ''],
    ['example.org', '-a'],
  ])('is refused for domain %s, selector %s', async (domain, selector) => {
    expect(await generateKey(directory, { ...wanted, domain, selector })).toMatchObject({ kind: 'refused' })
  })

  test('changes its stage on disk', async () => {
    const made = await generateKey(directory, wanted)
    if (made.kind === 'refused') throw new Error(made.problem)
    await saveStage(made.key, 'active', now + 5_000)
    expect((await loadKeys(directory)).keys[0]).toMatchObject({ stage: 'active', since: now + 5_000 })
  })
})

describe('keys of others', () => {
  test('without a state file are active; PKCS #1 is read too', async () => {
    const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' })
    await put('old.pem', pem.toString())
    await put('README', 'not a key')
    const { keys, problems } = await loadKeys(directory)
    expect(problems).toEqual([])
    expect(keys).toMatchObject([{ selector: 'old', stage: 'active', since: null }])
  })

  test('that are weak or readable by others are warned about', async () => {
    const file = await put('weak.pem', rsaPem(1024), 0o644)
    const { keys, warnings } = await loadKeys(directory)
    expect(keys).toHaveLength(1)
    expect(warnings).toEqual([
      `${file}: found mode 644, expected 600 or 640`,
      `${file}: found an RSA key of 1024 bits, expected 2048 (RFC 8301)`,
    ])
  })

  test.each([
    ['no key', 'hello', 'found no private key in PEM'],
    [
      'a public key',
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'no private key',
    ],
    ['an RSA key under 1024 bits', rsaPem(512), 'found an RSA key of 512 bits, expected at least 1024'],
    [
      'an EC key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'found a key of type ec, expected rsa or ed25519',
    ],
  ])('with %s are refused, the file named', async (_what, pem, problem) => {
    const file = await put('s1.pem', pem)
    const { keys, problems } = await loadKeys(directory)
    expect(keys).toEqual([])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`${file}: `)
    expect(problems[0]).toContain(problem)
  })

  test('that cannot be read are refused with the reason, not taken for a bad key', async () => {
    const file = await put('s1.pem', '')
    await rm(file)
    await symlink('s1.pem', file)
    expect((await loadKeys(directory)).problems).toEqual([`${file}: cannot be read (ELOOP)`])
  })

  test.each([
    ['no JSON', 'stage: active'],
    ['an unknown stage', '{"stage":"signing"}'],
    ['null', 'null'],
  ])('with a state file of %s are refused', async (_what, state) => {
    await put('s1.pem', rsaPem(2048))
    const file = await put('s1.json', state)
    const { problems } = await loadKeys(directory)
    expect(problems).toEqual([expect.stringContaining(`${file}: found`)])
  })

  test('in a folder that is no domain, or under a bad selector, are refused', async () => {
    await mkdir(join(directory, 'not a domain..'), { recursive: true })
    await writeFile(join(directory, 'not a domain..', 's1.pem'), rsaPem(1024))
    await put('a b.pem', rsaPem(1024))
    const { problems } = await loadKeys(directory)
    expect(problems).toHaveLength(2)
  })

  test('in a directory that is not there', async () => {
    const { problems } = await loadKeys(join(directory, 'gone'))
    expect(problems).toEqual([`${join(directory, 'gone')}: cannot be read, expected a directory of keys`])
  })
})

describe('the DNS record (RFC 6376 3.6.1, RFC 8463 4)', () => {
  test('of ed25519 carries the raw 32 octets', async () => {
    const made = await generateKey(directory, wanted)
    if (made.kind === 'refused') throw new Error(made.problem)
    const record = keyRecord(made.key)
    expect(record.name).toBe('s1._domainkey.example.org')
    expect(record.text).toMatch(/^v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=$/)
    expect(zoneLine(record)).toBe(`s1._domainkey.example.org. IN TXT "${record.text}"`)
  })

  test('of RSA is cut at 255 octets', async () => {
    const made = await generateKey(directory, { ...wanted, algorithm: 'rsa-sha256' })
    if (made.kind === 'refused') throw new Error(made.problem)
    const record = keyRecord(made.key)
    expect(record.text).toMatch(/^v=DKIM1; k=rsa; p=/)
    expect(record.chunks.map((chunk) => chunk.length)).toEqual([255, record.text.length - 255])
    expect(record.chunks.join('')).toBe(record.text)
    expect(zoneLine(record)).toMatch(/ IN TXT "[^"]{255}" "[^"]+"$/)
  })

  test('is recognised in other spellings, not with another key', async () => {
    const made = await generateKey(directory, { ...wanted, algorithm: 'rsa-sha256' })
    if (made.kind === 'refused') throw new Error(made.problem)
    const record = keyRecord(made.key)
    const p = record.text.slice(record.text.indexOf('p=') + 2)
    expect(sameKey(record.text, record)).toBe(true)
    expect(sameKey(`p=${p.slice(0, 40)} ${p.slice(40)};v=DKIM1;t=s`, record)).toBe(true)
    expect(sameKey(`v=DKIM1; k=ed25519; p=${p}`, record)).toBe(false)
    expect(sameKey('v=DKIM1; k=rsa; p=', record)).toBe(false)
    expect(sameKey('v=spf1 -all', record)).toBe(false)
  })
})
