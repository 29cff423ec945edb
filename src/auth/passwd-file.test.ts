import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { PasswordPool } from './password-pool.ts'
import { loadPasswdFile, parsePasswdFile } from './passwd-file.ts'
import { createPasswdAuthenticator, identityOf } from './passwd-authenticator.ts'
import { peopleOf } from './people.ts'
import { readPasswdLine } from './passwd-line.ts'
import { createRememberedPasswords } from './remembered-passwords.ts'
import { matches } from './schemes.ts'

const HASH = '{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO' // of "test"
const parse = (text: string, weak = false) => parsePasswdFile('users', text, { weak })
const places = (text: string) =>
  parse(text).problems.map(({ line, column, severity, message }) => `${line}:${column}: ${severity}: ${message}`)

describe('parsePasswdFile', () => {
  it('reads users, comments, empty lines and CRLF', () => {
    const file = parse(
      `# people\r\n\r\nlee:${HASH}\r\nKim@Example.org:${HASH}:1000:1000:Kim:/home/kim:/bin/sh:userdb_quota=1G\n`,
    )
    expect(file.problems).toEqual([])
    expect([...file.entries.keys()]).toEqual(['lee', 'kim@example.org'])
  })

  it('says where every problem is', () => {
    expect(
      places(
        `lee:{SSHA}x\nkim\n:${HASH}\nmax:{NEW}x\nmax2:${HASH}:::::x=1\nmax3:${HASH}::::::nologin\nlee2:${HASH}\nLEE2:${HASH}\nida:`,
      ),
    ).toEqual([
      '1:5: warning: user lee cannot log in: malformed SSHA hash',
      '2:5: error: found no colon after kim, expected a password',
      '3:1: error: found no user name, expected one before the first colon',
      '4:5: warning: user max cannot log in: unknown scheme NEW',
      '6:50: warning: user max3 cannot log in: extra field nologin is not understood',
      '8:1: warning: found user lee2 again, first written in line 7',
      '9:5: warning: user ida cannot log in: no password',
    ])
  })

  it('lets a line with a problem never match, and the first of two count', () => {
    const file = parse(`lee:{SSHA}x\nkim:${HASH}\nkim:{PBKDF2}$1$a$1$${'0'.repeat(40)}`)
    expect([...file.entries.keys()]).toEqual(['kim'])
    expect([...file.unusable]).toEqual([['lee', 'malformed SSHA hash']])
    expect(file.entries.get('kim')?.stored.scheme).toBe('SSHA')
  })

  it('allows weak schemes if configured', () => {
    expect(parse('lee:{PLAIN}secret').problems).toHaveLength(1)
    expect(parse('lee:{PLAIN}secret', true).problems).toEqual([])
  })

  it('is a problem, not an exception, for a file that is not there', async () => {
    const file = await loadPasswdFile('/nonexistent/passwd')
    expect(file.entries.size).toBe(0)
    expect(file.problems).toMatchObject([{ file: '/nonexistent/passwd', line: 1, column: 1, severity: 'error' }])
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), fc.boolean(), (text, weak) => void parse(text, weak)))
    fc.assert(fc.property(fc.string(), (extra) => void readPasswdLine(`lee:${HASH}::::::${extra}`, false)))
  })
})

describe('allow_nets', () => {
  const allows = (nets: string) => {
    const read = readPasswdLine(`lee:${HASH}::::::allow_nets=${nets}`, false)
    return read.kind === 'entry' ? read.entry.allows : null
  }
  it.each([
    ['192.0.2.0/24,2001:db8::/32', '192.0.2.9', true],
    ['192.0.2.0/24,2001:db8::/32', '::ffff:192.0.2.9', true],
    ['192.0.2.0/24,2001:db8::/32', '2001:db8:1::1', true],
    ['192.0.2.0/24,2001:db8::/32', '198.51.100.1', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
  ])('%s %s: %s', (nets, ip, expected) => {
    expect(allows(nets)?.(ip)).toBe(expected)
  })

  it.each(['', 'local', 'example.org', '192.0.2.0/33', '192.0.2.0/', '192.0.2.0/x', '192.0.2.1,,'])(
    'refuses %j',
    (nets) => {
      expect(readPasswdLine(`lee:${HASH}::::::allow_nets=${nets}`, false).kind).toBe('unusable')
    },
  )
})

describe('the passwd authenticator', () => {
  const calls: string[] = []
  const pool: PasswordPool = {
    verify: async (stored, password) => {
      calls.push(stored.scheme)
      if (password === 'overload') return { verdict: 'unavailable', ms: 0 }
      return { verdict: matches(stored, password) ? 'match' : 'mismatch', ms: 1 }
    },
    close: async () => {},
  }
  const clock = createFakeClock()
  const remembered = createRememberedPasswords(clock, 0)
  const authenticator = (text: string, domain = 'Example.org') =>
    createPasswdAuthenticator({ people: peopleOf(() => parse(text), domain), pool, domain, clock, remembered })

  it.each([
    ['lee', 'lee'],
    ['LEE', 'lee'],
    ['lee@example.org', 'lee'],
    ['Lee@EXAMPLE.org', 'lee'],
    ['kim', 'kim'],
    ['kim@example.org', 'kim'],
    ['max@elsewhere.example', 'max@elsewhere.example'],
  ])('knows %s as %s', async (user, identity) => {
    const people = authenticator(`lee:${HASH}\nkim@example.org:${HASH}\nmax@elsewhere.example:${HASH}`)
    expect(await people.check(user, 'test')).toMatchObject({ kind: 'identified', identity })
    expect((await people.check(user, 'Test')).kind).toBe('wrong')
  })

  it.each([
    ['ju\u0308rgen', 'a ü of two characters, as some systems type it'],
    ['J\u00dcRGEN', 'a capital'],
    ['\uff4a\u00fcrgen', 'a full-width letter'],
    ['j\u00fcrgen@xn--bcher-kva.example', 'the domain as our configuration has it'],
    ['j\u00fcrgen@b\u00fccher.example', 'the domain as people have it'],
    ['j\u00fcrgen@BU\u0308CHER.example', 'the domain in capitals of two characters'],
  ])('accepts every spelling of one user name: %s, %s', async (user) => {
    for (const written of ['j\u00fcrgen', 'ju\u0308rgen', 'J\u00fcrgen@b\u00fccher.example']) {
      const people = authenticator(`${written}:${HASH}`, 'xn--bcher-kva.example')
      expect(await people.check(user, 'test')).toMatchObject({ kind: 'identified', identity: 'j\u00fcrgen' })
    }
  })

  it.each(['', '@example.org', 'lee@elsewhere.example', 'lee ', '__proto__', 'constructor'])(
    'does not know %j',
    async (user) => {
      expect((await authenticator(`lee:${HASH}`).check(user, 'test')).kind).toBe('wrong')
    },
  )

  it('says for the log why a user cannot log in, after the same work as for any other', async () => {
    calls.length = 0
    const people = authenticator(`lee:${HASH}\nkim@example.org:$y$j9T$a$b`)
    for (const user of ['kim', 'kim@example.org']) {
      const cause = 'user:kim cannot log in: the hash is yescrypt, which no login can match here; set another password'
      expect(await people.check(user, 'test')).toEqual({ kind: 'wrong', cause })
    }
    expect(calls).toEqual(['SSHA', 'SSHA'])
  })

  it('does the same work for a user it does not know', async () => {
    calls.length = 0
    const people = authenticator(`a:{PLAIN-MD5}x\nlee:${HASH}\nkim:${HASH}\nx:{SMD5}JTu1KRwptKZJg/RLd+6Vn5GUd0M=`)
    // The first failure also measures every other kind of hash.
    await people.check('stranger', 'test')
    expect(calls).toEqual(['SSHA', 'SMD5'])
    calls.length = 0
    expect(await people.check('stranger', 'test')).toEqual({ kind: 'wrong', cause: 'unknown user:stranger' })
    expect(await people.check('lee', 'wrong')).toEqual({ kind: 'wrong', cause: 'wrong password of user:lee' })
    expect(calls).toEqual(['SSHA', 'SSHA'])
  })

  it('says unavailable when passwords cannot be checked', async () => {
    expect((await authenticator(`lee:${HASH}`).check('lee', 'overload')).kind).toBe('unavailable')
    expect((await authenticator(`lee:${HASH}`).check('nobody', 'overload')).kind).toBe('unavailable')
  })

  it('obeys allow_nets, and refuses where the address is not known', async () => {
    const people = authenticator(`lee:${HASH}::::::allow_nets=192.0.2.0/24`)
    expect((await people.check('lee', 'test', { ip: '192.0.2.1', isKnown: false })).kind).toBe('identified')
    expect((await people.check('lee', 'test', { ip: '198.51.100.1', isKnown: false })).kind).toBe('wrong')
    expect((await people.check('lee', 'test')).kind).toBe('wrong')
  })

  it('refuses endless passwords without work, and empty files', async () => {
    calls.length = 0
    expect((await authenticator(`lee:${HASH}`).check('lee', 'x'.repeat(2000))).kind).toBe('wrong')
    expect((await authenticator('').check('lee', 'x')).kind).toBe('wrong')
    expect(calls).toEqual([])
  })

  it('strips only our domain from a name', () => {
    expect(identityOf('lee@sub.example.org', 'example.org')).toBe('lee@sub.example.org')
  })
})
