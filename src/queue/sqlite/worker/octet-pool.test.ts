// Memory for batches: shared by the threads, used again, never twice at the same time.

import { describe, expect, it } from 'vitest'
import { OctetPool } from './octet-pool.ts'

describe('the memory of a batch', () => {
  it('has the requested length and is shared by both threads', () => {
    const { octets } = new OctetPool().borrow(6)
    expect(octets).toHaveLength(6)
    expect(octets.buffer).toBeInstanceOf(SharedArrayBuffer)
  })

  it('is never borrowed twice at the same time', () => {
    const memory = new OctetPool()
    expect(memory.borrow(5).octets.buffer).not.toBe(memory.borrow(5).octets.buffer)
  })

  it('is used again after it was given back, if it is large enough', () => {
    const memory = new OctetPool()
    const first = memory.borrow(12)
    first.giveBack()
    const second = memory.borrow(5)
    expect(second.octets.buffer).toBe(first.octets.buffer)
    expect(second.octets).toHaveLength(5)
    second.giveBack()
    const large = memory.borrow(100_000)
    expect(large.octets.buffer).not.toBe(first.octets.buffer)
    expect(large.octets).toHaveLength(100_000)
  })

  it('of a very large batch is not kept', () => {
    const memory = new OctetPool()
    const large = memory.borrow(9 * 2 ** 20)
    large.giveBack()
    expect(memory.borrow(9 * 2 ** 20).octets.buffer).not.toBe(large.octets.buffer)
  })
})
