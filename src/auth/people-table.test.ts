import { describe, expect, it } from 'vitest'
import { parsePasswdFile } from './passwd-file.ts'
import type { Passwords } from '../directory/source-set.ts'
import { createPeopleTable } from './people-table.ts'

const DOMAIN = 'example.org'
const HASH = '$2y$05$abcdefghijklmnopqrstuuJ8Zy1n1hZyQ0cJ5i6rB0c2mY9u4H2bO'
const from = (entries: Readonly<Record<string, string>>): Passwords =>
  new Map(Object.entries(entries).map(([name, password]) => [name, { password, source: `uid=${name}` }]))
const file = parsePasswdFile('/passwd', `kim:{PLAIN}file\nadmin:{PLAIN}local\n`, { weak: true })

describe('the table of users', () => {
  it('is empty without a file and sources', () => {
    expect(createPeopleTable(null, () => [], DOMAIN)().entries.size).toBe(0)
  })

  it('is the file if there are no sources', () => {
    expect(createPeopleTable(file, () => [], DOMAIN)()).toBe(file)
  })

  it('merges the file and the sources; the file has precedence, then the first source', () => {
    const ldap = from({ kim: HASH, lee: HASH })
    const sql = from({ lee: '{SSHA}QUFBQUFBQUFBQUFBQUFBQUFBQUFzYWx0', robin: HASH })
    const { entries } = createPeopleTable(file, () => [ldap, sql], DOMAIN)()
    expect([...entries.keys()].toSorted()).toEqual(['admin', 'kim', 'lee', 'robin'])
    expect(entries.get('kim')?.stored).toMatchObject({ kind: 'plain' })
    expect(entries.get('lee')).toMatchObject({ user: 'lee', stored: { kind: 'bcrypt' }, allows: null })
  })

  it('has one user for the name with and without the domain: the entry of the file counts for both', () => {
    const limited = parsePasswdFile(
      '/passwd',
      'kim@example.org:{PLAIN}file::::::allow_nets=192.0.2.0/24\nlee:{PLAIN}x\n',
      {
        weak: true,
      },
    )
    const { entries } = createPeopleTable(
      limited,
      () => [from({ kim: HASH, 'lee@example.org': HASH, robin: HASH })],
      DOMAIN,
    )()
    expect([...entries.keys()].toSorted()).toEqual(['kim@example.org', 'lee', 'robin'])
  })

  it.each(['', 'clear text', '{PLAIN}clear', '{UNKNOWN}x', '{CRYPT}!', '$2y$05$short', '*'])(
    'has the reason why a user cannot log in whose password cannot be verified: %j',
    (password) => {
      const table = createPeopleTable(null, () => [from({ kim: password })], DOMAIN)()
      expect(table.entries.size).toBe(0)
      expect(table.unusable.get('kim')).toBeTypeOf('string')
    },
  )

  it('takes from a later source a user whose password in the first one is unusable, but not one whom the file refuses', () => {
    const refused = parsePasswdFile('/passwd', `lee@example.org:{CRYPT}$y$a\n`)
    const { entries } = createPeopleTable(
      refused,
      () => [from({ kim: '*', lee: HASH }), from({ kim: HASH, lee: HASH })],
      DOMAIN,
    )()
    expect([...entries.keys()]).toEqual(['kim'])
  })

  it('is merged again only after a change of a source', () => {
    let now: readonly Passwords[] = [from({ kim: HASH })]
    const people = createPeopleTable(null, () => now, DOMAIN)
    const first = people()
    expect(people()).toBe(first)
    now = [from({ lee: HASH })]
    expect([...people().entries.keys()]).toEqual(['lee'])
    now = []
    expect(people().entries.size).toBe(0)
  })
})
