// Published password hashes and SASL PLAIN messages: every scheme we claim is right in all of its rows, the others never match.

import { describe, expect, it } from 'vitest'
import { matches } from '../../src/auth/schemes.ts'
import { readStored } from '../../src/auth/stored-password.ts'
import { decodePlain } from '../../src/server/sasl.ts'
import { suite } from './suites.ts'

interface HashRow {
  readonly scheme: string
  readonly hash: string
  readonly password: string
  readonly match: boolean
}

interface PlainRow {
  readonly mech: string
  readonly initial_b64: string
  readonly authzid?: string
  readonly user?: string
  readonly password?: string
  readonly error?: string
}

/** Not supported: DES and MD4 are broken, the others are responses to challenges that Waypost does not send. */
const unclaimed = new Set(['PLAIN-MD4', 'CRAM-MD5', 'DIGEST-MD5', 'INVALID'])

function rows<T>(path: string): T[] {
  const text = suite(path)
  if (text === null) return []
  const lines = Buffer.from(text, 'latin1').toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T)
}

const hashes = rows<HashRow>('password/dovecot.jsonl')
const plain = rows<PlainRow>('password/sasl.jsonl').filter(({ mech }) => mech === 'PLAIN')

describe.runIf(hashes.length > 0)('hashes of dovecot', () => {
  it.each(hashes)('$scheme $hash with $password: $match', ({ scheme, hash, password, match }) => {
    const read = readStored(hash, true)
    const desCrypt = scheme === 'CRYPT' && !hash.includes('$')
    if (unclaimed.has(scheme) || desCrypt) return expect(read.kind).toBe('bad')
    expect(read.kind === 'read' && matches(read.stored, password)).toBe(match)
  })

  it('leave only a few schemes unclaimed', () => {
    const claimed = new Set(
      hashes.filter(({ hash }) => readStored(hash, true).kind === 'read').map(({ scheme }) => scheme),
    )
    expect(claimed.size).toBeGreaterThanOrEqual(15)
  })
})

describe.runIf(plain.length > 0)('SASL PLAIN', () => {
  it.each(plain)('$initial_b64', (row) => {
    const read = decodePlain(row.initial_b64)
    if (row.error !== undefined && read.kind === 'plain') {
      // The login refuses an authorization identity of another user.
      return expect(read.authzid).not.toBe(read.user)
    }
    if (row.error !== undefined) return expect(read.kind).toBe('malformed')
    const others = row.authzid !== undefined && row.authzid !== '' && row.authzid !== row.user
    if (others) expect(read).toMatchObject({ authzid: row.authzid })
    expect(read).toMatchObject({ kind: 'plain', user: row.user, password: row.password })
  })
})
