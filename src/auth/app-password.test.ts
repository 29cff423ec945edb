import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createAppSecret, findApp, readAppSecret } from './app-password.ts'
import { currentApps, MOST_OF_USER, parseAppPasswords, withAppPasswords } from './app-password-file.ts'
import { readAppLine, writeAppLine } from './app-password-line.ts'
import type { NewAppPassword } from './app-password-line.ts'
import { createPasswdAuthenticator } from './passwd-authenticator.ts'
import { parsePasswdFile } from './passwd-file.ts'
import type { PasswordPool } from './password-pool.ts'
import { peopleOf } from './people.ts'
import { matchesScram } from './derived-schemes.ts'
import { createRememberedPasswords } from './remembered-passwords.ts'
import { matches } from './schemes.ts'

const clock = createFakeClock()
const remembered = createRememberedPasswords(clock, 0)
const DAY_MS = 86_400_000
const SECRET = 'k3qm-7xw2-hn5p-9rtc-4vbd'
const OTHER = 'aaaa-bbbb-cccc-dddd-eeee'
const line = (changes: Partial<NewAppPassword> = {}) =>
  writeAppLine({
    user: 'lee',
    label: 'phone',
    secret: SECRET,
    created: clock.now(),
    expires: null,
    networks: [],
    senders: [],
    salt: null,
    ...changes,
  })
const parse = (...lines: string[]) => parseAppPasswords('apps', `${lines.join('\n')}\n`)

describe('the secret of an app password', () => {
  it('has twenty random characters of an alphabet without look-alikes', () => {
    const secrets = new Set(Array.from({ length: 100 }, () => createAppSecret()))
    expect(secrets.size).toBe(100)
    for (const one of secrets) expect(one).toMatch(/^(?:[2-9a-km-np-z]{4}-){4}[2-9a-km-np-z]{4}$/)
  })

  it.each([SECRET, 'K3QM 7XW2 HN5P 9RTC 4VBD', 'k3qm7xw2hn5p9rtc4vbd'])('is read from %s', (typed) => {
    expect(readAppSecret(typed)).toBe(SECRET)
  })

  it.each(['', 'a pass phrase', 'k3qm7xw2hn5p9rtc4vb', '00qm7xw2hn5p9rtc4vbd'])('is not read from %j', (typed) => {
    expect(readAppSecret(typed)).toBeNull()
  })
})

describe('a line of app passwords', () => {
  it('is read as it was written', () => {
    const expires = clock.now() + DAY_MS
    const written = line({
      expires,
      networks: ['192.0.2.0/24', '2001:db8::/32'],
      senders: ['Lee@example.org', '@x.example'],
    })
    const read = readAppLine(written)
    expect(read).toMatchObject({
      kind: 'app',
      app: { user: 'lee', label: 'phone', created: clock.now(), expires, senders: ['lee@example.org', '@x.example'] },
    })
    const { app } = read as typeof read & { kind: 'app' }
    expect(['192.0.2.9', '2001:db8::1', '203.0.113.1'].map(app.allows)).toEqual([true, true, false])
    expect(matchesScram(app.scram, 'sha256', SECRET)).toBe(true)
    expect(written).not.toContain(SECRET)
  })

  it.each([
    ['no label', line().replace(':phone:', '::')],
    ['another digest', line().replace('{SSHA256}', '{SSHA}')],
    ['no SCRAM keys', line().replace('{SCRAM-SHA-256}4096', '{SCRAM-SHA-256}')],
    ['a field that may restrict it', `${line()} days=monday`],
    ['a network that is none', `${line()} networks=192.0.2.0/99`],
    ['a time that is none', `${line()} expires=2026-13-41T00:00:00Z`],
    ['a sender that is none', `${line()} senders=lee`],
  ])('with %s never matches, and is reported', (_what, text) => {
    const { list, problems } = parse(text)
    expect(list).toEqual([])
    expect(problems).toMatchObject([{ severity: 'warning', line: 1 }])
  })

  it('has the same salt as an earlier one of the user', () => {
    const [first] = parse(line()).list
    const [second] = parse(line({ label: 'tablet', salt: first?.scram ?? null })).list
    expect(second?.scram.salt).toEqual(first?.scram.salt)
  })
})

describe('a file of app passwords', () => {
  it('keeps the first of two with one label, and at most fifty of a user', () => {
    const again = parse(line(), line({ secret: OTHER }))
    expect(again.list).toHaveLength(1)
    expect(again.problems[0]?.message).toContain('first written in line 1')
    const one = line()
    const many = parse(...Array.from({ length: MOST_OF_USER + 1 }, (_, i) => one.replace(':phone:', `:phone${i}:`)))
    expect(many.list).toHaveLength(MOST_OF_USER)
    expect(many.problems).toHaveLength(1)
  })
})

describe('the login with an app password', () => {
  const users = parsePasswdFile('users', 'lee:{PLAIN}main\nkim:{PLAIN}main:::::: allow_nets=192.0.2.0/24\n', {
    weak: true,
  })
  const asked: string[] = []
  const pool: PasswordPool = {
    verify: async (stored, password) => {
      asked.push(password)
      return { verdict: matches(stored, password) ? 'match' : 'mismatch', ms: 1 }
    },
    close: async () => {},
  }
  const login = (user: string, password: string, { apps = [line()], ip = '192.0.2.1' } = {}) => {
    const people = withAppPasswords(
      peopleOf(() => users, 'example.org'),
      currentApps(() => parse(...apps).list, 'example.org'),
    )
    asked.length = 0
    return createPasswdAuthenticator({ people, pool, domain: 'example.org', clock, remembered }).check(user, password, {
      ip,
      isKnown: false,
    })
  }

  it.each(['lee', 'Lee@example.org'])('succeeds for %s beside the password, without the pool', async (user) => {
    expect(await login(user, SECRET)).toMatchObject({ kind: 'identified', identity: 'lee', app: 'phone' })
    expect(asked).toEqual([])
    expect(await login(user, 'main')).toMatchObject({ kind: 'identified', identity: 'lee' })
    expect(await login(user, OTHER)).toMatchObject({ kind: 'wrong', cause: 'wrong password of user:lee' })
    expect(asked).toEqual([OTHER])
  })

  it('fails for another user and for an unknown one, after the work of a wrong password', async () => {
    for (const user of ['kim', 'nobody']) {
      expect(await login(user, SECRET)).toMatchObject({ kind: 'wrong' })
      expect(asked).toEqual([SECRET])
    }
    expect(await login('ghost', SECRET, { apps: [line({ user: 'ghost' })] })).toMatchObject({
      kind: 'wrong',
      cause: 'unknown user:ghost',
    })
  })

  it.each([
    ['expired', line({ expires: clock.now() }), 'lee', /app password phone of user:lee expired at 2026-11-21/],
    ['from a foreign network', line({ networks: ['198.51.100.0/24'] }), 'lee', /may not be used from 203\.0\.113\.9/],
    ['from a network that the user may not use', line({ user: 'kim' }), 'kim', /user:kim may not log in from 203/],
  ])('fails %s, after the work of a wrong password', async (_what, app, user, cause) => {
    const answer = await login(user, SECRET, { apps: [app], ip: '203.0.113.9' })
    expect(answer).toMatchObject({ kind: 'wrong', cause: expect.stringMatching(cause) })
    expect(asked).toEqual([SECRET])
  })

  it('finds none among those of a user without any', () => {
    expect(findApp([], { password: SECRET, ip: '192.0.2.1', now: 0 })).toEqual({ kind: 'none' })
  })
})
