import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { parsePasswdFile } from './passwd-file.ts'
import { createPasswdAuthenticator } from './passwd-authenticator.ts'
import type { PasswordPool } from './password-pool.ts'
import { peopleOf } from './people.ts'
import { createRememberedPasswords } from './remembered-passwords.ts'
import { matches } from './schemes.ts'
import { readStored, type StoredPassword } from './stored-password.ts'

const MINUTE = 60_000

function storedOf(text: string): StoredPassword {
  const read = readStored(text, true)
  if (read.kind === 'bad') throw new Error(read.problem)
  return read.stored
}

const stored = storedOf('{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO')
const lee = { account: 'lee', stored, password: 'test' }

describe('the memory of passwords', () => {
  function setup(lifetime = 5 * MINUTE) {
    const clock = createFakeClock()
    return { clock, ...createRememberedPasswords(clock, lifetime) }
  }

  it('knows a password from its success until the time is over, and a use does not extend it', async () => {
    const { clock, has, add } = setup()
    expect(has(lee)).toBe(false)
    add(lee)
    for (let minute = 0; minute < 5; minute++) {
      expect(has(lee)).toBe(true)
      await clock.advance(MINUTE)
    }
    expect(has(lee)).toBe(false)
  })

  it('knows it only of this account, this stored password and this password', () => {
    const { has, add } = setup()
    add(lee)
    expect(has({ ...lee, account: 'kim' })).toBe(false)
    expect(has({ ...lee, password: 'Test' })).toBe(false)
    expect(has({ ...lee, password: '' })).toBe(false)
    expect(has({ ...lee, stored: storedOf('{PLAIN}test') })).toBe(false)
    // The parts cannot be divided in another way.
    expect(has({ account: 'lee","', stored, password: 'test' })).toBe(false)
    // The same stored password that was read again, as after a reload or from a directory.
    expect(has({ ...lee, stored: storedOf('{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO') })).toBe(true)
  })

  it('knows several passwords of an account, the last sixteen', () => {
    const { has, add } = setup()
    const uses = Array.from({ length: 17 }, (_, i) => ({ ...lee, stored: storedOf(`{PLAIN}${i}`), password: `${i}` }))
    for (const use of uses) add(use)
    expect(uses.map(has)).toEqual([false, ...Array.from({ length: 16 }, () => true)])
  })

  it('forgets an account, and everything at a restart', () => {
    const { has, add, forget, restart } = setup()
    const kim = { ...lee, account: 'kim' }
    for (const use of [lee, kim]) add(use)
    forget('lee')
    expect([has(lee), has(kim)]).toEqual([false, true])
    restart(MINUTE)
    expect(has(kim)).toBe(false)
    add(kim)
    expect(has(kim)).toBe(true)
    restart(0)
    add(kim)
    expect(has(kim)).toBe(false)
  })

  it('remembers nothing when it is off', () => {
    const { clock, has, add } = setup(0)
    add(lee)
    expect(has(lee)).toBe(false)
    expect(clock.sleeping).toBe(0)
  })

  it('drops the account that logged in least recently', () => {
    const { has, add } = setup()
    const use = (index: number) => ({ ...lee, account: `user${index}` })
    for (let index = 0; index < 10_000; index++) add(use(index))
    add(use(0))
    add(use(10_000))
    expect([0, 1, 2, 10_000].map((index) => has(use(index)))).toEqual([true, false, true, true])
  })

  it('drops expired digests from memory without a login, and has no timer when it is empty', async () => {
    const { clock, add, has } = setup()
    add(lee)
    expect(clock.sleeping).toBe(1)
    await clock.advance(6 * MINUTE)
    expect(clock.sleeping).toBe(0)
    add(lee)
    expect(has(lee)).toBe(true)
  })

  it('has another key in each process', () => {
    const [one, other] = [setup(), setup()]
    one.add(lee)
    expect(other.has(lee)).toBe(false)
  })
})

describe('logins with a memory of passwords', () => {
  const client = { ip: '192.0.2.1', isKnown: true }

  function setup(text: string) {
    let file = parsePasswdFile('users', text, { weak: true })
    let hashes = 0
    const pool: PasswordPool = {
      verify: async (of, password) => {
        hashes++
        return { verdict: matches(of, password) ? 'match' : 'mismatch', ms: 7 }
      },
      close: async () => {},
    }
    const clock = createFakeClock()
    const slept: number[] = []
    const remembered = createRememberedPasswords(clock, 5 * MINUTE)
    const sleep = async (ms: number) => void slept.push(ms)
    const people = peopleOf(() => file, 'example.org')
    const settings = { people, pool, domain: 'example.org', remembered, clock: { now: () => clock.now(), sleep } }
    const authenticator = createPasswdAuthenticator(settings)
    return {
      clock,
      slept,
      change: (newText: string) => {
        file = parsePasswdFile('users', newText, { weak: true })
      },
      /** The result and the number of hashes that it took. */
      login: async (user: string, password: string, from = client) => {
        const before = hashes
        const { kind } = await authenticator.check(user, password, from)
        return [kind, hashes - before]
      },
    }
  }

  const SSHA = '{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO'

  it('computes one hash for the logins of five minutes, whatever the spelling of the user', async () => {
    const { login, clock } = setup(`lee:${SSHA}`)
    expect(await login('lee', 'test')).toEqual(['identified', 1])
    expect(await login('LEE@example.org', 'test')).toEqual(['identified', 0])
    await clock.advance(5 * MINUTE)
    expect(await login('lee', 'test')).toEqual(['identified', 1])
  })

  it('computes a hash for every wrong password, every unknown user, and never remembers a failure', async () => {
    const { login, slept } = setup(`lee:${SSHA}`)
    await login('lee', 'test')
    for (let i = 0; i < 3; i++) {
      expect(await login('lee', 'wrong')).toEqual(['wrong', 1])
      expect(await login('nobody', 'test')).toEqual(['wrong', 1])
    }
    expect(await login('lee', 'test')).toEqual(['identified', 0])
    expect(slept).toEqual([])
  })

  it('computes one hash for the same attempts at the same time, also of unknown users', async () => {
    const { login } = setup(`lee:${SSHA}`)
    for (const [user, password, kind] of [
      ['lee', 'wrong', 'wrong'],
      ['nobody', 'test', 'wrong'],
      ['lee', 'test', 'identified'],
    ] as const) {
      const results = await Promise.all(Array.from({ length: 20 }, () => login(user, password)))
      expect(results.map(([found]) => found)).toEqual(Array.from({ length: 20 }, () => kind))
      expect(Math.max(...results.map(([, hashes]) => hashes as number))).toBe(1)
    }
  })

  it('refuses the old password after a change at once, and accepts the new one', async () => {
    const { login, change } = setup(`lee:${SSHA}`)
    await login('lee', 'test')
    change('lee:{PLAIN}new')
    expect(await login('lee', 'test')).toEqual(['wrong', 1])
    expect(await login('lee', 'new')).toEqual(['identified', 1])
    change('kim:{PLAIN}new')
    expect((await login('lee', 'new'))[0]).toBe('wrong')
  })

  it('takes the same work from a foreign network, right or wrong', async () => {
    const { login } = setup(`lee:${SSHA}::::::allow_nets=192.0.2.0/24`)
    const foreign = { ip: '198.51.100.1', isKnown: false }
    expect(await login('lee', 'test', foreign)).toEqual(['wrong', 1])
    expect(await login('lee', 'test')).toEqual(['identified', 1])
    expect(await login('lee', 'test', foreign)).toEqual(['wrong', 1])
    expect(await login('lee', 'other', foreign)).toEqual(['wrong', 1])
    expect(await login('lee', 'test')).toEqual(['identified', 0])
  })
})
