// Published password hashes and messages of SASL PLAIN and SCRAM: every scheme we claim is right in all of its rows, the others never match.

import { describe, expect, it } from 'vitest'
import { readScram, writeScram } from '../../src/auth/derived-schemes.ts'
import { matches } from '../../src/auth/schemes.ts'
import { readClientFinal, readClientFirst } from '../../src/auth/scram-messages.ts'
import { findProver, serverFinal } from '../../src/auth/scram-proof.ts'
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

interface ScramRow {
  readonly mech: string
  readonly user?: string
  readonly password?: string
  readonly salt?: string
  readonly iterations?: number
  readonly client_first?: string
  readonly server_first?: string
  readonly client_final?: string
  readonly server_final?: string
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
const messages = rows<PlainRow | ScramRow>('password/sasl.jsonl')
const plain = messages.filter((row) => row.mech === 'PLAIN') as PlainRow[]
const scram = messages.filter((row) => row.mech === 'SCRAM-SHA-256') as ScramRow[]

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

/** The messages of the first row, where a row lacks its own. */
const RFC_7677 = {
  client_first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  server_first: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
}

describe.runIf(scram.length > 0)('SCRAM-SHA-256', () => {
  it.each(scram)('$client_first $client_final', (row) => {
    const first = readClientFirst(row.client_first ?? RFC_7677.client_first)
    expect(first).toMatchObject({ kind: 'first', user: 'user' })
    const { salt, iterations: rounds, password, client_final: written } = row
    if (first.kind !== 'first' || salt === undefined || password === undefined || written === undefined) return
    const keys = readScram(
      writeScram(password, 'sha256', { salt: Buffer.from(salt, 'base64'), rounds: rounds ?? 0 }),
      'sha256',
    )
    const final = readClientFinal(written)
    if (final.kind !== 'final' || !keys) throw new Error('not read')
    const message = `${first.bare},${row.server_first ?? RFC_7677.server_first},${final.withoutProof}`
    expect(findProver([keys], final.proof, message)).toBe(row.error === undefined ? 0 : null)
    if (row.server_final !== undefined) expect(serverFinal(keys, message)).toBe(row.server_final)
  })
})
