// The search for secrets finds what it is there for.

import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { hashPassword } from '../../src/auth/schemes.ts'
import { createAuthority } from '../../src/demo/ca.ts'
import {
  createSaslPlanter,
  expectNoSecret,
  expectNoSecretInFiles,
  plant,
  plantedIn,
  secretsBelow,
} from './planted-secrets.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'planted-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('finds a password as it is, in JSON, in a URL and in base64', () => {
  plant('a "word" & more')
  for (const text of [
    'a "word" & more',
    JSON.stringify({ x: 'a "word" & more' }),
    `https://x.example/?p=${encodeURIComponent('a "word" & more')}`,
    Buffer.from('a "word" & more').toString('base64'),
  ])
    expect(plantedIn(text)).toHaveLength(1)
  expect(() => expectNoSecret('log: a "word" & more', 'the log')).toThrow(/the log shows secrets.*a "wor…/)
  expect(plantedIn('nothing')).toEqual([])
})

const base64 = (text: string) => Buffer.from(text).toString('base64')

it.each([
  ['PLAIN', [`AUTH PLAIN ${base64('\0lee\0battery staple 7')}\r\n`], 'battery staple 7'],
  ['PLAIN without an initial response', ['AUTH PLAIN', base64('\0lee\0battery staple 8')], 'battery staple 8'],
  ['LOGIN', ['AUTH LOGIN', base64('lee@example.org'), base64('battery staple 9')], 'battery staple 9'],
  ['LOGIN with the name', [`auth login ${base64('lee')}`, base64('battery staple 10')], 'battery staple 10'],
  [
    'SCRAM-SHA-256',
    [
      `AUTH SCRAM-SHA-256 ${base64('n,,n=lee,r=abc')}`,
      base64('c=biws,r=abcdef,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='),
    ],
    'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  ],
  [
    'OAUTHBEARER',
    [`AUTH OAUTHBEARER ${base64('n,a=lee,\u0001auth=Bearer vF9dft4qmTc2Nvb3\u0001\u0001')}`],
    'vF9dft4qmTc2Nvb3',
  ],
  ['XOAUTH2', [`AUTH XOAUTH2 ${base64('user=lee\u0001auth=Bearer ya29.vF9dft4qmT\u0001\u0001')}`], 'ya29.vF9dft4qmT'],
] as const)('finds the secret of %s, as it is and as it was sent', (_mechanism, lines, secret) => {
  const follow = createSaslPlanter()
  for (const line of lines) follow(line)
  follow('MAIL FROM:<lee@example.org>')
  follow('RCPT TO:<postmaster@example.org>')
  expect(plantedIn(`user lee, ${secret}`)).not.toEqual([])
  expect(plantedIn(`debug: ${base64(secret)}`)).not.toEqual([])
  expect(plantedIn(`sent ${lines.at(-1)?.trim().split(' ').at(-1)}`)).not.toEqual([])
  expect(plantedIn('lee@example.org')).toEqual([])
  expect(plantedIn('MAIL FROM:<lee@example.org> RCPT TO:<postmaster@example.org>')).toEqual([])
})

it('searches state files of any size, also where two pieces meet, and leaves mail out', () => {
  const secret = 'a password of this test'
  plant(secret)
  const MIB = 1024 * 1024
  mkdirSync(join(folder, 'queue'))
  const write = (name: string, text: string, at: number) => {
    const file = openSync(join(folder, name), 'w', 0o600)
    writeSync(file, text, at)
    closeSync(file)
  }
  write('queue/mail.db', secret, 0)
  write('large.db', 'nothing', 70 * MIB)
  expect(() => expectNoSecretInFiles(folder)).not.toThrow()
  for (const at of [0, MIB - 4, 66 * MIB - 1, 70 * MIB]) {
    write('large.db', secret, at)
    expect(() => expectNoSecretInFiles(folder)).toThrow(/large\.db has secrets of the test: a pass…/)
  }
})

it('knows the hashes at the end of a large file of logins', () => {
  const hash = `$argon2id$v=19$m=65536,t=2,p=1$${'a'.repeat(22)}$${'b'.repeat(43)}`
  writeFileSync(join(folder, 'passwd'), `${'# a comment\n'.repeat(200_000)}lee:${hash}\n`, { mode: 0o600 })
  expect(secretsBelow(folder)).toContain(hash)
})

it('finds keys, hashes and secrets of files that only the owner can read', () => {
  const key = createAuthority('Test').issue({ names: ['a.example'] }).key
  const hash = hashPassword('SHA512-CRYPT', 'x')
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 })
  write('node.key', key)
  write('passwd', `lee:${hash}\n`)
  write('srs.secret', 'a secret of this test\n')
  write('second-factors', `${JSON.stringify({ user: 'lee', secret: 'ABCDEFGHIJKLMNOP234567' })}\n`)
  write('public', 'nothing')
  const found = secretsBelow(folder)
  const lines = key.split('\n')
  expect(plantedIn(`key ${lines[1]}`, found)).toHaveLength(1)
  expect(plantedIn(`hash ${hash}`, found)).not.toEqual([])
  expect(plantedIn('a secret of this test', found)).toHaveLength(1)
  expect(plantedIn('ABCDEFGHIJKLMNOP234567', found)).toHaveLength(1)
  chmodSync(join(folder, 'srs.secret'), 0o644)
  expect(secretsBelow(folder)).not.toContain('a secret of this test')
})
