import { describe, expect, it } from 'vitest'
import { createPool } from '../budget/pool.ts'
import { createMessageMemory } from './message-memory.ts'

const KIB = 1024
const stranger = { purpose: 'internet', ip: '192.0.2.1' } as const

function setup() {
  const refused: string[] = []
  const pool = createPool({ capacity: 200 * KIB, client: 100 * KIB }, (limit) => refused.push(limit))
  return { pool, refused, open: () => createMessageMemory(pool, stranger) }
}

describe('the memory of an arriving message', () => {
  it('needs no place for the first 64 KiB, and is counted in steps beyond', () => {
    const { pool, open } = setup()
    const memory = open()
    memory.take(64 * KIB)
    expect(pool.used).toBe(0)
    memory.take(1)
    expect(pool.used).toBe(16 * KIB)
    memory.take(16 * KIB)
    expect(pool.used).toBe(32 * KIB)
    memory.give(10 * KIB)
    expect(pool.used).toBe(16 * KIB)
    memory.take(9 * KIB)
    expect(pool.used).toBe(16 * KIB)
    memory.release()
    memory.release()
    expect(pool.used).toBe(0)
  })

  it('has no space when the share of the client is used up, but still for usual mail', () => {
    const { refused, open } = setup()
    const first = open()
    expect(first.take(160 * KIB)).toBe(true)
    const second = open()
    expect(second.take(60 * KIB)).toBe(true)
    expect(second.take(20 * KIB)).toBe(false)
    expect(second.take(4 * KIB)).toBe(true)
    expect(refused).toEqual(['client'])
    first.release()
    expect(second.take(20 * KIB)).toBe(true)
  })
})
