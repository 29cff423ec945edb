import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createPasswdAuthenticator } from './passwd-authenticator.ts'
import { parsePasswdFile } from './passwd-file.ts'
import type { PasswordPool } from './password-pool.ts'
import { type AskVerdict, type Check, findEntry, type People, peopleOf, type PersonAnswer } from './people.ts'
import { createRememberedPasswords } from './remembered-passwords.ts'

const parse = (text: string) => parsePasswdFile('users', text, { weak: true })
const ask = (verdict: AskVerdict, asked: string[] = []): Check => ({
  kind: 'ask',
  verify: async (password) => {
    asked.push(password)
    return verdict
  },
})
const pool: PasswordPool = { verify: async () => ({ verdict: 'mismatch', ms: 1 }), close: async () => {} }
const clock = createFakeClock()
const remembered = createRememberedPasswords(clock, 0)
const check = (people: People, name = 'kim', password = 'x') =>
  createPasswdAuthenticator({ people, pool, domain: 'example.org', clock, remembered }).check(name, password)
const someone = (answer: PersonAnswer, decoy: Check | null = null): People => ({
  find: async () => answer,
  known: () => answer,
  allHaveScram: () => false,
  decoy: () => decoy,
  samples: () => [],
})

describe('the people of a table', () => {
  it('are found with and without our domain', () => {
    const file = parse('kim:{PLAIN}a\nlee@example.org:{PLAIN}b\n')
    expect(findEntry(file, 'kim', 'Example.org')?.user).toBe('kim')
    expect(findEntry(file, 'lee', 'Example.org')?.user).toBe('lee@example.org')
    expect(findEntry(file, 'robin', 'Example.org')).toBeUndefined()
  })

  it('are those of the moment, and so is the decoy', () => {
    let file = parse('')
    const people = peopleOf(() => file, 'example.org')
    expect(people.find('kim')).toEqual({ kind: 'absent' })
    expect(people.decoy()).toBeNull()
    file = parse('kim:{PLAIN}a\n')
    expect(people.find('kim')).toMatchObject({ kind: 'found', check: { kind: 'hash', stored: { kind: 'plain' } } })
    expect(people.decoy()).toMatchObject({ kind: 'hash', stored: { kind: 'plain' } })
  })
})

describe('a login against a live source', () => {
  it.each([
    [{ kind: 'match' }, { kind: 'identified', identity: 'kim' }],
    [{ kind: 'mismatch' }, { kind: 'wrong', cause: 'wrong password of user:kim' }],
    [
      { kind: 'unavailable', cause: 'ldap: down' },
      { kind: 'unavailable', cause: 'ldap: down' },
    ],
  ] as [AskVerdict, object][])('is what is answered: %o', async (verdict, expected) => {
    expect(await check(someone({ kind: 'found', check: ask(verdict), allows: null }))).toMatchObject(expected)
  })

  it('is unavailable, after the usual work, if the source does not answer', async () => {
    const asked: string[] = []
    const people = someone({ kind: 'unavailable', cause: 'ldap: down' }, ask({ kind: 'mismatch' }, asked))
    expect(await check(people)).toEqual({ kind: 'unavailable', cause: 'ldap: down' })
    expect(await check(someone({ kind: 'unavailable', cause: 'ldap: down' }))).toMatchObject({ kind: 'unavailable' })
    expect(asked).toEqual(['x'])
  })

  it('with a wrong password is in doubt while only a remembered hash says so', async () => {
    const found = { kind: 'found', check: ask({ kind: 'mismatch' }), allows: null, doubt: 'ldap: down' } as const
    expect(await check(someone(found))).toEqual({
      kind: 'wrong',
      cause: 'wrong password of user:kim',
      doubt: 'ldap: down',
    })
    expect(await check(someone({ ...found, check: ask({ kind: 'match' }) }))).toMatchObject({ kind: 'identified' })
  })

  it('reports why a known user cannot log in', async () => {
    const people = someone({ kind: 'absent', cause: 'kim cannot log in: no hash' }, ask({ kind: 'match' }))
    expect(await check(people)).toEqual({ kind: 'wrong', cause: 'kim cannot log in: no hash' })
  })

  it('sends no query for an overlong name', async () => {
    const people: People = {
      find: () => {
        throw new Error('asked')
      },
      known: () => ({ kind: 'unasked' }),
      allHaveScram: () => false,
      decoy: () => null,
      samples: () => [],
    }
    expect(await check(people, 'k'.repeat(255))).toMatchObject({ kind: 'wrong' })
  })
})
