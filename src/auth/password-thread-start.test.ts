// A system that starts no more threads, as at its limit of processes.

import { afterEach, describe, expect, it } from 'vitest'
import { refuseThreads } from '../../test/lib/no-threads.ts'
import { createPool } from '../budget/pool.ts'
import { createPasswordPool, type PasswordHasher, type PasswordPool } from './password-pool.ts'

let pool: PasswordPool & PasswordHasher
afterEach(() => pool.close())

describe('a password check without a thread', () => {
  it('is unavailable, holds no place, and the next one tries again', async () => {
    const places = createPool({ capacity: 8 }, () => {})
    pool = createPasswordPool({ workers: 1, places })
    const allowThreads = refuseThreads()
    expect(await Promise.all([pool.hash('SSHA', 'secret'), pool.hash('SSHA', 'secret')])).toEqual([null, null])
    expect(places.used).toBe(0)
    allowThreads()
    expect(await pool.hash('SSHA', 'secret')).toMatch(/^\{SSHA\}/)
    expect(places.used).toBe(0)
  })
})
