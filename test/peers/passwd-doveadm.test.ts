// Password hashes between us and dovecot, both ways.

import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { hashableSchemes, hashPassword, matches } from '../../src/auth/schemes.ts'
import { readStored } from '../../src/auth/stored-password.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'

const passwords = [
  'test',
  'Gr\u00fc\u00dfe \u{1f511}',
  'a pass phrase of more than sixty-four octets, as guides recommend',
  ' x ',
  'a password of 32 octets exactly.',
  'this pass phrase has sixty-four octets, as long as SHA-512 is...',
]

function doveadm(...args: string[]): { readonly status: number | null; readonly out: string } {
  const { status, stdout } = spawnSync('doveadm', ['pw', ...args], { encoding: 'utf8' })
  return { status, out: stdout.replace(/\n$/, '') }
}

/** Hashes of dovecot that we read without switching anything on. */
const theirs = [...hashableSchemes, 'CRYPT', 'SCRAM-SHA-1', 'SCRAM-SHA-256'] as const
/** Weak ones, read where they are switched on. */
const weak = [
  'SHA',
  'SHA1',
  'SHA256',
  'SHA512',
  'PLAIN-MD5',
  'LDAP-MD5',
  'PLAIN',
  'SSHA.HEX',
  'SHA512.B64',
  'SHA256.HEX',
]

describe.runIf(ensurePeers(['doveadm']))('dovecot', () => {
  it.each(hashableSchemes)('accepts our %s, and refuses another password', async (scheme) => {
    for (const password of passwords) {
      const hash = hashPassword(scheme, password)
      expect(doveadm('-t', hash, '-p', password)).toMatchObject({ status: 0 })
      expect(doveadm('-t', hash, '-p', `${password}!`).status).not.toBe(0)
    }
  })

  it.each([...theirs, ...weak])('makes %s that we accept, and only with its password', (scheme) => {
    for (const password of passwords) {
      const made = doveadm('-s', scheme, '-p', password)
      expect(made.status).toBe(0)
      const read = readStored(made.out, weak.includes(scheme))
      if (read.kind === 'bad') throw new Error(`${made.out}: ${read.problem}`)
      expect(matches(read.stored, password)).toBe(true)
      expect(matches(read.stored, `${password}!`)).toBe(false)
    }
  })
})
