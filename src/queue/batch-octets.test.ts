// Memory lent to the store worker: whole, used again, never twice at once.

import { describe, expect, it } from 'vitest'
import { BatchOctets } from './batch-octets.ts'

const parts = (...texts: string[]) => texts.map((text) => Buffer.from(text))

describe('the octets of a batch', () => {
  it('lie one behind the other in memory that both threads see', () => {
    const { octets } = new BatchOctets().lend(parts('one', '', 'two'), 6)
    expect(Buffer.from(octets).toString()).toBe('onetwo')
    expect(octets.buffer).toBeInstanceOf(SharedArrayBuffer)
  })

  it('are never in memory that is still lent', () => {
    const memory = new BatchOctets()
    const first = memory.lend(parts('first'), 5)
    const second = memory.lend(parts('other'), 5)
    expect(second.octets.buffer).not.toBe(first.octets.buffer)
    expect(Buffer.from(first.octets).toString()).toBe('first')
  })

  it('use memory again that was given back, as far as it is large enough', () => {
    const memory = new BatchOctets()
    const first = memory.lend(parts('a longer one'), 12)
    first.giveBack()
    const second = memory.lend(parts('short'), 5)
    expect(second.octets.buffer).toBe(first.octets.buffer)
    expect(Buffer.from(second.octets).toString()).toBe('short')
    second.giveBack()
    const large = memory.lend([Buffer.alloc(100_000, 'x')], 100_000)
    expect(large.octets.buffer).not.toBe(first.octets.buffer)
    expect(large.octets.every((octet) => octet === 0x78)).toBe(true)
  })

  it('of a very large batch are not kept', () => {
    const memory = new BatchOctets()
    const large = memory.lend([Buffer.alloc(9 * 2 ** 20)], 9 * 2 ** 20)
    large.giveBack()
    expect(memory.lend([Buffer.alloc(9 * 2 ** 20)], 9 * 2 ** 20).octets.buffer).not.toBe(large.octets.buffer)
  })
})
