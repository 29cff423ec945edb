import { describe, expect, it } from 'vitest'
import { currentApps, parseAppPasswords, withAppPasswords } from './app-password-file.ts'
import { writeAppLine } from './app-password-line.ts'
import { createPeople } from './directory-people.ts'
import { parsePasswdFile } from './passwd-file.ts'
import type { Passwords } from './people-table.ts'
import type { Check } from './people.ts'
import { whyEnded } from './standing.ts'

const DOMAIN = 'example.org'
const IP = '192.0.2.1'
const LATER = Date.UTC(2026, 11, 1)
const app = (changes: object = {}) => {
  const fields = { user: 'lee', label: 'phone', secret: 'x', created: 0, expires: null, networks: [], senders: [] }
  return writeAppLine({ ...fields, salt: null, ...changes })
}
const passwd = (text: string) => parsePasswdFile('users', text, { weak: true })
const people = (text: string, apps = '', mirrored: Passwords = new Map()) =>
  withAppPasswords(
    createPeople(passwd(text), { live: [], passwords: () => [mirrored] }, DOMAIN),
    currentApps(() => parseAppPasswords('apps', apps).list, DOMAIN),
  )

function proven(text: string, apps = '', mirrored?: Passwords) {
  const person = people(text, apps, mirrored).known('lee')
  if (person.kind !== 'found') throw new Error('no such person')
  return { identity: 'lee', ip: IP, check: person.check, app: person.apps?.[0] ?? null }
}

describe('the login with a password', () => {
  it.each([
    ['the same file', 'lee:{PLAIN}a\nkim:{PLAIN}b\n', null],
    ['a changed password', 'lee:{PLAIN}b\n', /the password of user:lee changed/],
    ['a removed user', 'kim:{PLAIN}a\n', /user:lee does not exist/],
    ['a locked user', 'lee:!{PLAIN}a\n', /user:lee cannot log in/],
    ['a network that excludes the client', 'lee:{PLAIN}a:::::: allow_nets=198.51.100.0/24\n', /from this address/],
    ['a network that has the client', 'lee:{PLAIN}a:::::: allow_nets=192.0.2.0/24\n', null],
  ])('after %s', (_what, after, cause) => {
    const found = whyEnded(people(after), proven('lee:{PLAIN}a\n'), LATER)
    if (cause === null) expect(found).toBeNull()
    else expect(found).toMatch(cause)
  })

  it('ends after a change at this node, whatever the source shows', () => {
    let changes = 0
    const held = {
      ...proven('lee:{PLAIN}a\n'),
      check: { kind: 'ask', verify: async () => ({ kind: 'match' }) } as Check,
    }
    const same = { ...held, changes: () => changes }
    const unknown = { known: () => ({ kind: 'unavailable', cause: 'live' }) as const }
    expect([whyEnded(people('lee:{PLAIN}a\n'), same, LATER), whyEnded(unknown, same, LATER)]).toEqual([null, null])
    changes = 1
    for (const source of [people('lee:{PLAIN}a\n'), unknown]) expect(whyEnded(source, same, LATER)).toMatch(/changed/)
    // An app password is another secret.
    expect(whyEnded(unknown, { ...same, app: {} as never }, LATER)).toBeNull()
  })

  it('ends when a snapshot has another hash, or lacks the user', () => {
    const mirror = (password: string): Passwords => new Map([['lee', { password, source: 'ldap' }]])
    const [one, other] = ['{SSHA}QUFBQUFBQUFBQUFBQUFBQUFBQUFzYWx0', '{SSHA}QkFBQUFBQUFBQUFBQUFBQUFBQUFzYWx0']
    const held = proven('', '', mirror(one))
    expect(whyEnded(people('', '', mirror(one)), held, LATER)).toBeNull()
    expect(whyEnded(people('', '', mirror(other)), held, LATER)).toMatch(/changed/)
    expect(whyEnded(people('', ''), held, LATER)).toMatch(/does not exist/)
  })

  it('continues while the source cannot be judged', () => {
    const held = proven('lee:{PLAIN}a\n')
    expect(whyEnded({ known: () => ({ kind: 'unavailable', cause: 'down' }) }, held, LATER)).toBeNull()
    expect(whyEnded({ known: () => ({ kind: 'unasked' }) }, held, LATER)).toBeNull()
    const check: Check = { kind: 'ask', verify: async () => ({ kind: 'match' }) }
    expect(whyEnded({ known: () => ({ kind: 'found', check, allows: null }) }, held, LATER)).toBeNull()
  })
})

describe('the login with an app password', () => {
  const line = app()
  it.each([
    ['the same file', line, null],
    ['its removal', '', /app password phone of user:lee was removed/],
    ['another secret under its label', app({ secret: 'y' }), /changed/],
    ['other limits', `${line} senders=lee@example.org`, /changed/],
  ])('after %s', (_what, after, cause) => {
    const found = whyEnded(people('lee:{PLAIN}changed too\n', after), proven('lee:{PLAIN}a\n', line), LATER)
    if (cause === null) expect(found).toBeNull()
    else expect(found).toMatch(cause)
  })

  it('ends with its time, also for a user of a live source', () => {
    const held = proven('lee:{PLAIN}a\n', app({ expires: LATER }))
    const now = people('lee:{PLAIN}a\n', held.app?.line)
    expect(whyEnded(now, held, LATER - 1)).toBeNull()
    expect(whyEnded(now, held, LATER)).toMatch(/expired/)
    expect(whyEnded({ known: () => ({ kind: 'unasked' }) }, held, LATER - 1)).toMatch(/removed/)
  })
})
