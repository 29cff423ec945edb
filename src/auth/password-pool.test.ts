import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterEach, describe, expect, it } from 'vitest'
import { createPool } from '../budget/pool.ts'
import { createPasswordPool, type PasswordHasher, type PasswordPool, passwordWorkers } from './password-pool.ts'
import { hashPassword } from './schemes.ts'
import { readStored, type StoredPassword } from './stored-password.ts'

let pool: PasswordPool & PasswordHasher
afterEach(() => pool.close())

function stored(text: string): StoredPassword {
  const read = readStored(text, true)
  if (read.kind === 'bad') throw new Error(read.problem)
  return read.stored
}

describe('the password pool', () => {
  it('judges every kind of hash in its threads', async () => {
    pool = createPasswordPool()
    for (const scheme of ['ARGON2ID', 'SSHA', 'PBKDF2', 'SHA512-CRYPT', 'MD5-CRYPT'] as const) {
      const hash = stored(hashPassword(scheme, 'secret'))
      expect((await pool.verify(hash, 'secret')).verdict).toBe('match')
      expect((await pool.verify(hash, 'Secret')).verdict).toBe('mismatch')
    }
  })

  it('makes hashes in its threads', async () => {
    pool = createPasswordPool({ workers: 1 })
    const hash = await pool.hash('SHA512-CRYPT', 'secret')
    expect((await pool.verify(stored(hash ?? ''), 'secret')).verdict).toBe('match')
    const block = monitorEventLoopDelay({ resolution: 1 })
    block.enable()
    await pool.hash('BLF-CRYPT', 'secret')
    block.disable()
    // The work takes some 250 ms, during which the loop turned many times.
    expect(block.count).toBeGreaterThan(10)
    await pool.close()
    expect(await pool.hash('SSHA', 'secret')).toBeNull()
  })

  it('leaves the event loop alone', async () => {
    pool = createPasswordPool()
    const slow = stored(`$6$rounds=200000$saltstring$${'a'.repeat(86)}`)
    let ticks = 0
    const timer = setInterval(() => ticks++, 5)
    expect((await pool.verify(slow, 'x')).verdict).toBe('mismatch')
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(5)
  })

  it('says unavailable when too many wait, and recovers', async () => {
    pool = createPasswordPool({ workers: 1, places: createPool({ capacity: 3 }, () => {}) })
    const hash = stored('{PLAIN}secret')
    const answers = await Promise.all(Array.from({ length: 6 }, () => pool.verify(hash, 'secret')))
    expect(answers.filter(({ verdict }) => verdict === 'match').length).toBe(3)
    expect(answers.filter(({ verdict }) => verdict === 'unavailable').length).toBe(3)
    expect((await pool.verify(hash, 'secret')).verdict).toBe('match')
  })

  it('checks the passwords of known clients before those of strangers', async () => {
    pool = createPasswordPool({ workers: 1 })
    const slow = stored(`$6$rounds=20000$saltstring$${'a'.repeat(86)}`)
    const order: string[] = []
    const check = async (purpose: 'internet' | 'people', name: string) => {
      await pool.verify(slow, 'x', { purpose, account: name })
      order.push(name)
    }
    await Promise.all([check('internet', 'a'), check('internet', 'b'), check('people', 'c'), check('internet', 'd')])
    expect(order).toEqual(['a', 'c', 'b', 'd'])
  })

  it('keeps half of its places for known clients, and gives one account its share', async () => {
    pool = createPasswordPool()
    const hash = stored('{PLAIN}secret')
    const count = async (asked: Promise<{ verdict: string }>[]) =>
      (await Promise.all(asked)).filter(({ verdict }) => verdict === 'match').length
    const guess = (i: number) => pool.verify(hash, 'secret', { purpose: 'internet', account: `user${i}` })
    const strangers = Array.from({ length: 100 }, (_, i) => guess(i))
    const known = Array.from({ length: 20 }, () => pool.verify(hash, 'secret', { purpose: 'people', account: 'kim' }))
    expect([await count(strangers), await count(known)]).toEqual([64, 8])
  })

  it('says unavailable for a check that fails, and keeps the thread', async () => {
    pool = createPasswordPool({ workers: 1 })
    const broken = { kind: 'digest', scheme: 'SSHA', digest: { algorithm: 'none', length: 1, salted: true } } as never
    expect((await pool.verify(broken, 'x')).verdict).toBe('unavailable')
    expect((await pool.verify(stored('{PLAIN}secret'), 'secret')).verdict).toBe('match')
  })

  it('settles what waits when it is closed', async () => {
    pool = createPasswordPool({ workers: 1 })
    const slow = stored(`$6$rounds=9000000$saltstring$${'a'.repeat(86)}`)
    const answers = [pool.verify(slow, 'x'), pool.verify(slow, 'y')]
    await pool.close()
    expect((await Promise.all(answers)).map(({ verdict }) => verdict)).toEqual(['unavailable', 'unavailable'])
    expect((await pool.verify(slow, 'z')).verdict).toBe('unavailable')
  })
})

it.each([
  [1, 1],
  [2, 2],
  [4, 2],
  [7, 4],
  [64, 32],
])('%i processors: %i threads', (processors, threads) => {
  expect(passwordWorkers(processors)).toBe(threads)
})
