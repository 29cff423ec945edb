import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterEach, describe, expect, it } from 'vitest'
import { createPasswordPool, type PasswordHasher, type PasswordPool } from './password-pool.ts'
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
      expect(await pool.verify(hash, 'secret')).toBe('match')
      expect(await pool.verify(hash, 'Secret')).toBe('mismatch')
    }
  })

  it('makes hashes in its threads', async () => {
    pool = createPasswordPool({ workers: 1 })
    const hash = await pool.hash('SHA512-CRYPT', 'secret')
    expect(await pool.verify(stored(hash ?? ''), 'secret')).toBe('match')
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
    expect(await pool.verify(slow, 'x')).toBe('mismatch')
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(5)
  })

  it('says unavailable when too many wait, and recovers', async () => {
    pool = createPasswordPool({ workers: 1, queueLimit: 2 })
    const hash = stored('{PLAIN}secret')
    const answers = await Promise.all(Array.from({ length: 6 }, () => pool.verify(hash, 'secret')))
    expect(answers.filter((answer) => answer === 'match').length).toBe(3)
    expect(answers.filter((answer) => answer === 'unavailable').length).toBe(3)
    expect(await pool.verify(hash, 'secret')).toBe('match')
  })

  it('says unavailable for a check that fails, and keeps the thread', async () => {
    pool = createPasswordPool({ workers: 1 })
    const broken = { kind: 'digest', scheme: 'SSHA', digest: { algorithm: 'none', length: 1, salted: true } } as never
    expect(await pool.verify(broken, 'x')).toBe('unavailable')
    expect(await pool.verify(stored('{PLAIN}secret'), 'secret')).toBe('match')
  })

  it('settles what waits when it is closed', async () => {
    pool = createPasswordPool({ workers: 1 })
    const slow = stored(`$6$rounds=9000000$saltstring$${'a'.repeat(86)}`)
    const answers = [pool.verify(slow, 'x'), pool.verify(slow, 'y')]
    await pool.close()
    expect(await Promise.all(answers)).toEqual(['unavailable', 'unavailable'])
    expect(await pool.verify(slow, 'z')).toBe('unavailable')
  })
})
