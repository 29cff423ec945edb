// The claim buffer: counts, memory, order, and how many messages overtook the queue.

import { describe, expect, it } from 'vitest'
import type { Claim } from '../queue/contract/queue.ts'
import { ClaimBuffer } from './claim-buffer.ts'

const message = { header: Buffer.alloc(10), body: { kind: 'inline', bytes: Buffer.alloc(90) } }
const claims = (count: number) => Array.from({ length: count }, () => ({ nextHop: 'a', message }) as unknown as Claim)
const [claim] = claims(1) as [Claim]

describe('buffered claims', () => {
  it('are counted by destination and by memory', () => {
    const buffer = new ClaimBuffer()
    buffer.add('a', claims(2))
    buffer.add('b', [])
    expect([buffer.count('a'), buffer.count('b'), buffer.total, buffer.octets]).toEqual([2, 0, 2, 200])
    expect(buffer.remove('a', 1)).toHaveLength(1)
    expect(buffer.octets).toBe(100)
    expect(buffer.remove('a', 5)).toHaveLength(1)
    expect([buffer.count('a'), buffer.total, buffer.octets]).toEqual([0, 0, 0])
    expect(buffer.remove('a', 1)).toEqual([])
  })

  it('are returned oldest first, and all of them at a drain', () => {
    const buffer = new ClaimBuffer()
    const held = claims(3)
    buffer.add('a', held)
    buffer.add('b', claims(1))
    expect(buffer.remove('a', 1)).toEqual([held[0]])
    expect(buffer.removeAll()).toHaveLength(3)
    expect(buffer.removeAll()).toEqual([])
  })

  it('count the messages that overtake due mail, until the queue is asked', () => {
    const buffer = new ClaimBuffer()
    buffer.addAccepted(claim, { overtakes: true })
    buffer.addAccepted(claim, { overtakes: true })
    expect(buffer.overtaking('a')).toBe(2)
    expect(buffer.remove('a', 2)).toHaveLength(2)
    expect(buffer.overtaking('a')).toBe(2)
    buffer.resetOvertaking('a')
    expect(buffer.overtaking('a')).toBe(0)
  })

  it('reset the count when no due mail waits', () => {
    const buffer = new ClaimBuffer()
    buffer.addAccepted(claim, { overtakes: true })
    buffer.addAccepted(claim, { overtakes: false })
    expect(buffer.overtaking('a')).toBe(0)
  })
})
