import { beforeEach, describe, expect, it } from 'vitest'
import { parsePasswdFile } from './passwd-file.ts'
import type { CachedSource } from '../directory/live-source.ts'
import type { SourceUserAnswer } from '../directory/external-source.ts'
import type { Passwords } from '../directory/source-set.ts'
import { createPeople } from './directory-people.ts'

const DOMAIN = 'example.org'
const HASH = '$2y$05$abcdefghijklmnopqrstuuJ8Zy1n1hZyQ0cJ5i6rB0c2mY9u4H2bO'
const SSHA = '{SSHA}QUFBQUFBQUFBQUFBQUFBQUFBQUFzYWx0'
const file = parsePasswdFile('/passwd', 'admin@example.org:{PLAIN}local\n', { weak: true })
const sql: Passwords = new Map([['robin', { password: SSHA, source: 'sql:people' }]])

let answer: SourceUserAnswer
let asked: string[]

beforeEach(() => {
  answer = known(HASH)
  asked = []
})

const known = (password?: string): SourceUserAnswer & { kind: 'found' } => ({
  kind: 'found',
  value: { addresses: [], source: 'uid=kim', ...(password === undefined ? {} : { password }) },
})

function liveSource(verify?: CachedSource['verify']): CachedSource {
  return {
    name: 'ldap',
    domains: new Set([DOMAIN]),
    find: () => ({ record: null, incomplete: null }),
    mayHave: () => true,
    aliasGrants: () => ({ grants: [], incomplete: null }),
    user: async (name) => {
      asked.push(name)
      return answer
    },
    failure: () => null,
    failingSince: () => null,
    probe: async () => null,
    close: () => undefined,
    ...(verify ? { verify } : {}),
  }
}

function people(verify?: CachedSource['verify']) {
  return createPeople(file, { live: [liveSource(verify)], passwords: () => [sql] }, DOMAIN)
}

const bcrypt = { kind: 'found', check: { kind: 'hash', stored: { kind: 'bcrypt' } }, allows: null }
const ofSql = { kind: 'found', check: { kind: 'hash', stored: { kind: 'digest' } } }

describe('people of a live directory', () => {
  it('are looked up in the passwd-file, then in the directory, then in mirrored sources', async () => {
    expect(await people().find('admin')).toMatchObject({ check: { stored: { kind: 'plain' } } })
    expect(asked).toEqual([])
    expect(await people().find('robin')).toMatchObject(bcrypt)
    answer = { kind: 'absent' }
    expect(await people().find('robin')).toMatchObject(ofSql)
    expect(await people().find('lee')).toEqual({ kind: 'absent' })
    expect(asked).toEqual(['robin', 'robin', 'lee'])
  })

  it('are not looked up there if the passwd-file refuses them', async () => {
    const refused = parsePasswdFile('/passwd', `kim:${SSHA}::::::proxy=y\n`)
    const all = createPeople(refused, { live: [liveSource()], passwords: () => [] }, DOMAIN)
    const cause = 'user:kim cannot log in: extra field proxy=y is not understood'
    expect(await all.find('kim')).toEqual({ kind: 'absent', cause })
    expect(asked).toEqual([])
  })

  it('are never unknown during an outage; people whom it did not know before it still log in by other sources', async () => {
    answer = { kind: 'unavailable', cause: 'ldap: down' }
    expect(await people().find('robin')).toEqual(answer)
    expect(await people().find('lee')).toEqual(answer)
    expect(await people().find('admin')).toMatchObject({ kind: 'found' })
    answer = { kind: 'unavailable', cause: 'ldap: down', wasAbsent: true }
    expect(await people().find('robin')).toMatchObject(ofSql)
    expect(await people().find('lee')).toEqual({ kind: 'unavailable', cause: 'ldap: down' })
  })

  it('are answered from the cache with the doubt', async () => {
    answer = { ...known(HASH), incomplete: 'ldap: down' }
    expect(await people().find('kim')).toMatchObject({ ...bcrypt, doubt: 'ldap: down' })
  })

  it.each([
    [undefined, 'the source has no password that this node may read'],
    ['{CRYPT}!', 'the password is locked'],
    ['{PLAIN}x', 'scheme PLAIN is weak and not switched on'],
  ])('cannot log in with the unsupported password %j, and the cause says why', async (password, why) => {
    answer = known(password)
    expect(await people().find('kim')).toEqual({ kind: 'absent', cause: `user:kim of uid=kim cannot log in: ${why}` })
    expect(await people().find('robin')).toMatchObject(ofSql)
    answer = { ...answer, incomplete: 'ldap: down' } as SourceUserAnswer
    expect(await people().find('kim')).toMatchObject({ kind: 'unavailable' })
  })

  it.each(['', 'kim@else.example', 'k im', 'k\u0000m', 'k"m'])(
    'are not looked up by a name such as %j',
    async (name) => {
      expect(await people().find(name)).toEqual({ kind: 'absent' })
      expect(asked).toEqual([])
    },
  )

  it('have the first decoy before a login, and the scheme of the last login after it', async () => {
    const all = people()
    expect(all.decoy()).toMatchObject({ kind: 'hash', stored: { kind: 'sha-crypt' } })
    await all.find('kim')
    expect(all.decoy()).toMatchObject({ kind: 'hash', stored: { kind: 'bcrypt' } })
  })

  it('are verified by the directory itself if it does so, unknown users too', async () => {
    const checked: unknown[] = []
    const all = people(async (user, password) => {
      checked.push([user?.source ?? null, password])
      return { kind: user ? 'match' : 'mismatch' }
    })
    answer = known()
    const found = await all.find('kim')
    const check = found.kind === 'found' ? found.check : null
    expect(check?.kind === 'ask' && (await check.verify('secret'))).toEqual({ kind: 'match' })
    const decoy = all.decoy()
    expect(decoy?.kind === 'ask' && (await decoy.verify('secret'))).toEqual({ kind: 'mismatch' })
    expect(checked).toEqual([
      ['uid=kim', 'secret'],
      [null, 'secret'],
    ])
  })
})
