import { describe, expect, it } from 'vitest'
import { parsePasswdFile } from '../auth/passwd-file.ts'
import type { Passwords } from './directory-sources.ts'
import { createPeople } from './people.ts'

const HASH = '$2y$05$abcdefghijklmnopqrstuuJ8Zy1n1hZyQ0cJ5i6rB0c2mY9u4H2bO'
const from = (entries: Readonly<Record<string, string>>): Passwords =>
  new Map(Object.entries(entries).map(([name, password]) => [name, { password, source: `uid=${name}` }]))
const file = parsePasswdFile('/passwd', `kim:{PLAIN}file\nadmin:{PLAIN}local\n`, { weak: true })

describe('who may log in', () => {
  it('is nobody without a file and sources', () => {
    expect(createPeople(null, () => [])().entries.size).toBe(0)
  })

  it('is the file where there are no sources', () => {
    expect(createPeople(file, () => [])()).toBe(file)
  })

  it('is the file and the sources; the file leads, then the first source', () => {
    const ldap = from({ kim: HASH, lee: HASH })
    const sql = from({ lee: '{SSHA}QUFBQUFBQUFBQUFBQUFBQUFBQUFzYWx0', robin: HASH })
    const { entries } = createPeople(file, () => [ldap, sql])()
    expect([...entries.keys()].toSorted()).toEqual(['admin', 'kim', 'lee', 'robin'])
    expect(entries.get('kim')?.stored).toMatchObject({ kind: 'plain' })
    expect(entries.get('lee')).toMatchObject({ user: 'lee', stored: { kind: 'bcrypt' }, allows: null })
  })

  it.each(['', 'clear text', '{PLAIN}clear', '{UNKNOWN}x', '{CRYPT}!', '$2y$05$short', '*'])(
    'leaves out a password that nobody can check: %j',
    (password) => {
      expect(createPeople(null, () => [from({ kim: password })])().entries.size).toBe(0)
    },
  )

  it('is read again only when a source changed', () => {
    let now: readonly Passwords[] = [from({ kim: HASH })]
    const people = createPeople(null, () => now)
    const first = people()
    expect(people()).toBe(first)
    now = [from({ lee: HASH })]
    expect([...people().entries.keys()]).toEqual(['lee'])
    now = []
    expect(people().entries.size).toBe(0)
  })
})
