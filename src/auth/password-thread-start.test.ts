// A system that starts no more threads, as at its limit of processes.

import type * as Threads from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createPool } from '../budget/pool.ts'
import { createPasswordPool, type PasswordHasher, type PasswordPool } from './password-pool.ts'

const system = vi.hoisted(() => ({ hasThreads: true }))
vi.mock('node:worker_threads', async (load) => {
  const real = await load<typeof Threads>()
  class Worker extends real.Worker {
    constructor(...given: ConstructorParameters<typeof real.Worker>) {
      if (!system.hasThreads) throw new Error('ERR_WORKER_INIT_FAILED: EAGAIN')
      super(...given)
    }
  }
  return { ...real, Worker }
})

let pool: PasswordPool & PasswordHasher
afterEach(() => pool.close())

describe('a password check without a thread', () => {
  it('is unavailable, holds no place, and the next one tries again', async () => {
    const places = createPool({ capacity: 8 }, () => {})
    pool = createPasswordPool({ workers: 1, places })
    system.hasThreads = false
    expect(await Promise.all([pool.hash('SSHA', 'secret'), pool.hash('SSHA', 'secret')])).toEqual([null, null])
    expect(places.used).toBe(0)
    system.hasThreads = true
    expect(await pool.hash('SSHA', 'secret')).toMatch(/^\{SSHA\}/)
    expect(places.used).toBe(0)
  })
})
