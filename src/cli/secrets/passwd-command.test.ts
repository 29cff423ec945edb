import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  lstatSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { readStored } from '../../auth/stored-password.ts'
import { matches } from '../../auth/schemes.ts'
import { passwd, type PasswdOptions } from './passwd-command.ts'

async function run(options: PasswdOptions, input: string | Readable = '') {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const printed = { out: '', err: '' }
  stdout.on('data', (chunk) => (printed.out += String(chunk)))
  stderr.on('data', (chunk) => (printed.err += String(chunk)))
  const stdin = typeof input === 'string' ? Readable.from([Buffer.from(input)]) : input
  const code = await passwd(options, { stdin, stdout, stderr })
  await new Promise((resolve) => setImmediate(resolve))
  return { code, ...printed }
}

function accepts(hash: string, password: string): boolean {
  const read = readStored(hash)
  return read.kind === 'read' && matches(read.stored, password)
}

const folders: string[] = []
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'waypost-passwd-'))
  folders.push(made)
  return made
}
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true })
})
const quick = 'SSHA512'

describe('waypost passwd hash and verify', () => {
  it.each(['ARGON2ID', 'ssha512', 'SHA512-CRYPT', 'SHA256-CRYPT', 'PBKDF2', 'MD5-CRYPT', 'SMD5', 'SCRAM-SHA-256'])(
    '%s',
    async (scheme) => {
      const { code, out } = await run({ action: 'hash', scheme, json: false }, 'p\u00e4ss:word \n')
      expect(code).toBe(0)
      const hash = out.trimEnd()
      expect(hash.startsWith(`{${scheme.toUpperCase()}}`)).toBe(true)
      expect((await run({ action: 'verify', hash, json: false }, 'p\u00e4ss:word \nmore')).code).toBe(0)
      expect((await run({ action: 'verify', hash, json: false }, 'other\n')).code).toBe(1)
    },
  )

  it.each([
    { file: '', user: '' },
    { file: 'users', user: '' },
    { file: '', user: 'lee' },
  ])('verify needs a hash, or a file and a user: %j', async (options) => {
    const { code, err } = await run({ action: 'verify', json: false, ...options }, 'secret\n')
    expect([code, err]).toEqual([2, 'found neither --hash nor --file and --user, expected one of the two\n'])
  })

  it('prints JSON', async () => {
    const { out } = await run({ action: 'hash', scheme: quick, json: true }, 'secret')
    const { hash } = JSON.parse(out) as { hash: string }
    const verified = await run({ action: 'verify', hash, json: true }, 'secret')
    expect(JSON.parse(verified.out)).toEqual({ matches: true, scheme: 'SSHA512' })
  })

  it.each([
    [{ action: 'hash', scheme: 'ROT13', json: false }, 'x', /ROT13.*ARGON2ID/],
    [{ action: 'hash', scheme: 'BLF-CRYPT', json: false }, 'x'.repeat(73), /more than 72 octets/],
    [{ action: 'hash', json: false }, '', /no password/],
    [{ action: 'hash', json: false }, '\n', /no password/],
    [{ action: 'verify', hash: '{SSHA}x', json: false }, 'x', /malformed SSHA/],
  ] as const)('rejects %j', async (options, input, message) => {
    const { code, err, out } = await run(options, input)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(message)
  })

  it('reads a typed password without echo, with Backspace', async () => {
    const modes: boolean[] = []
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => void modes.push(on) })
    const running = run({ action: 'hash', scheme: quick, json: false }, stdin)
    stdin.write('sex\u007fcret\r')
    const { out, err } = await running
    expect(accepts(out.trimEnd(), 'secret')).toBe(true)
    expect(modes).toEqual([true, false])
    expect(err).toBe('New password: \n')
  })

  it('stops at Control-C', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
    const running = run({ action: 'hash', scheme: quick, json: false }, stdin)
    stdin.write('sec\u0003')
    expect((await running).code).toBe(2)
  })
})

describe('waypost passwd set and remove', () => {
  it('adds, changes and removes a user, and keeps every other line', async () => {
    const file = join(folder(), 'passwd')
    const kept = '# users\n\nkim:{SSHA512}old:1000:1000::/home/kim::allow_nets=127.0.0.0/8\n# end'
    writeFileSync(file, kept)
    expect((await run({ action: 'set', file, user: 'Lee', scheme: quick, json: false }, 'one')).out).toBe(
      'lee: added\n',
    )
    expect((await run({ action: 'set', file, user: 'kim', scheme: quick, json: false }, 'two')).out).toBe(
      'kim: changed\n',
    )
    const lines = readFileSync(file, 'utf8').split('\n')
    expect(lines).toHaveLength(6)
    expect(lines.slice(0, 2)).toEqual(['# users', ''])
    expect(lines[2]).toMatch(/^kim:\{SSHA512\}[^:]{90,}:1000:1000::\/home\/kim::allow_nets=127\.0\.0\.0\/8$/)
    expect(accepts(lines[4]?.slice(4) ?? '', 'one')).toBe(true)
    expect((await run({ action: 'verify', file, user: 'kim', json: false }, 'two')).code).toBe(0)
    expect((await run({ action: 'verify', file, user: 'kim', json: false }, 'one')).code).toBe(1)
    expect((await run({ action: 'remove', file, user: 'LEE', json: false })).code).toBe(0)
    expect((await run({ action: 'remove', file, user: 'lee', json: false })).code).toBe(1)
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(5)
  })

  it('creates a file with mode 600, and keeps the mode of an existing one', async () => {
    const file = join(folder(), 'passwd')
    await run({ action: 'set', file, user: 'lee', scheme: quick, json: false }, 'x')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    chmodSync(file, 0o640)
    await run({ action: 'set', file, user: 'lee', scheme: quick, json: false }, 'y')
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(readdirSync(join(file, '..'))).toEqual(['passwd'])
  })

  it('writes through a symbolic link', async () => {
    const at = folder()
    writeFileSync(join(at, 'real'), '')
    symlinkSync('real', join(at, 'link'))
    await run({ action: 'set', file: join(at, 'link'), user: 'lee', scheme: quick, json: false }, 'x')
    expect(lstatSync(join(at, 'link')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(at, 'real'), 'utf8')).toMatch(/^lee:/)
  })

  it.each(['', 'a b', 'a:b', '#a', 'a\nb'])('rejects the user name %j', async (user) => {
    const file = join(folder(), 'passwd')
    const { code } = await run({ action: 'set', file, user, scheme: quick, json: false }, 'x')
    expect(code).toBe(2)
    expect(readdirSync(join(file, '..'))).toEqual([])
  })

  it('reports an unusable file', async () => {
    const at = folder()
    expect((await run({ action: 'set', file: at, user: 'lee', json: false }, 'x')).err).toMatch(/cannot be read/)
    expect((await run({ action: 'verify', file: join(at, 'none'), user: 'lee', json: false }, 'x')).code).toBe(2)
    const missing = join(at, 'no', 'such', 'passwd')
    expect((await run({ action: 'set', file: missing, user: 'lee', scheme: quick, json: false }, 'x')).err).toMatch(
      /cannot be written/,
    )
  })
})
