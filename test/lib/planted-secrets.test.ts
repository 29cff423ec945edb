// The search for secrets finds what it is there for.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { hashPassword } from '../../src/auth/schemes.ts'
import { createAuthority } from '../../src/demo/ca.ts'
import { expectNoSecret, plant, plantSasl, plantedIn, secretsBelow } from './planted-secrets.ts'

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

it('finds the password of a SASL command', () => {
  plantSasl(`AUTH PLAIN ${Buffer.from('\0lee\0battery staple 7').toString('base64')}\r\n`)
  expect(plantedIn('user lee, password battery staple 7')).toHaveLength(1)
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
