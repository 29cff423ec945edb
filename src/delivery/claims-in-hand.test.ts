// Claims held ready: counts, memory, order, and how many messages overtook the queue.

import { describe, expect, it } from 'vitest'
import type { Claim } from '../queue/contract/queue.ts'
import { ClaimsInHand } from './claims-in-hand.ts'

const message = { header: Buffer.alloc(10), body: { kind: 'inline', bytes: Buffer.alloc(90) } }
const claims = (count: number) => Array.from({ length: count }, () => ({ nextHop: 'a', message }) as unknown as Claim)
const [claim] = claims(1) as [Claim]

describe('claims in hand', () => {
  it('are counted by destination and by memory', () => {
    const hand = new ClaimsInHand()
    hand.add('a', claims(2))
    hand.add('b', [])
    expect([hand.count('a'), hand.count('b'), hand.total, hand.octets]).toEqual([2, 0, 2, 200])
    expect(hand.remove('a', 1)).toHaveLength(1)
    expect(hand.octets).toBe(100)
    expect(hand.remove('a', 5)).toHaveLength(1)
    expect([hand.count('a'), hand.total, hand.octets]).toEqual([0, 0, 0])
    expect(hand.remove('a', 1)).toEqual([])
  })

  it('are returned oldest first, and all of them at a drain', () => {
    const hand = new ClaimsInHand()
    const held = claims(3)
    hand.add('a', held)
    hand.add('b', claims(1))
    expect(hand.remove('a', 1)).toEqual([held[0]])
    expect(hand.removeAll()).toHaveLength(3)
    expect(hand.removeAll()).toEqual([])
  })

  it('count the messages that overtake due mail, until the queue is asked', () => {
    const hand = new ClaimsInHand()
    hand.addAccepted(claim, { overtakes: true })
    hand.addAccepted(claim, { overtakes: true })
    expect(hand.overtaking('a')).toBe(2)
    expect(hand.remove('a', 2)).toHaveLength(2)
    expect(hand.overtaking('a')).toBe(2)
    hand.resetOvertaking('a')
    expect(hand.overtaking('a')).toBe(0)
  })

  it('forget the overtaking when no due mail waits any more', () => {
    const hand = new ClaimsInHand()
    hand.addAccepted(claim, { overtakes: true })
    hand.addAccepted(claim, { overtakes: false })
    expect(hand.overtaking('a')).toBe(0)
  })
})
