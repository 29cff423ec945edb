// What the dispatcher believes about the queue: a summary that a claim overtook is not believed.

import { describe, expect, it } from 'vitest'
import type { Claim } from '../queue/contract/queue.ts'
import { Backlog } from './backlog.ts'

const message = { header: Buffer.alloc(10), body: { kind: 'inline', bytes: Buffer.alloc(90) } }
const claims = (count: number) => Array.from({ length: count }, () => ({ nextHop: 'a', message }) as unknown as Claim)
const waiting = (count: number) => [{ nextHop: 'a', waiting: count, earliestAttemptAt: 5 }]

describe('the backlog', () => {
  it('adds what is in hand, which is due at once', () => {
    const backlog = new Backlog()
    expect(backlog.update(waiting(3), backlog.now())).toEqual(['a'])
    expect(backlog.view('a')).toEqual({ waiting: 3, earliestAttemptAt: 5 })
    backlog.hold('a', claims(2))
    expect(backlog.view('a')).toEqual({ waiting: 5, earliestAttemptAt: 1 })
    expect(backlog.totalInHand).toBe(2)
    expect(backlog.octetsInHand).toBe(200)
    expect(backlog.draw('a', 1)).toHaveLength(1)
    expect(backlog.octetsInHand).toBe(100)
    expect(backlog.draw('a', 5)).toHaveLength(1)
    expect(backlog.totalInHand).toBe(0)
    expect(backlog.octetsInHand).toBe(0)
    expect(backlog.view('b')).toEqual({ waiting: 0, earliestAttemptAt: 0 })
  })

  it('does not believe a summary from before a claim', () => {
    const backlog = new Backlog()
    backlog.update(waiting(3), backlog.now())
    const since = backlog.now()
    backlog.claiming('a')
    backlog.claimed('a', 3, false)
    expect(backlog.update(waiting(3), since)).toEqual([])
    expect(backlog.inQueue('a')).toBe(0)
    expect(backlog.update(waiting(1), backlog.now())).toEqual(['a'])
  })

  it('knows from a short claim that nothing more is due', () => {
    const backlog = new Backlog()
    backlog.update(waiting(9), backlog.now())
    backlog.claimed('a', 2, true)
    expect(backlog.inQueue('a')).toBe(0)
  })

  it('forgets destinations of which nothing is said', () => {
    const backlog = new Backlog()
    backlog.update(waiting(9), backlog.now())
    expect(backlog.update([], backlog.now())).toEqual(['a'])
    expect(backlog.inQueue('a')).toBe(0)
    expect(backlog.update([], backlog.now())).toEqual([])
  })

  it('takes over news, but not while a claim is under way', () => {
    const backlog = new Backlog()
    expect(backlog.hear(waiting(4))).toEqual({ changed: ['a'], unsure: false })
    expect(backlog.hear(waiting(4))).toEqual({ changed: [], unsure: false })
    backlog.claiming('a')
    expect(backlog.hear(waiting(1))).toEqual({ changed: [], unsure: true })
    backlog.claimed('a', 1, false)
    expect(backlog.inQueue('a')).toBe(3)
    expect(backlog.hear(waiting(2))).toEqual({ changed: ['a'], unsure: false })
    backlog.claiming('a')
    backlog.unclaimed('a')
    expect(backlog.hear(waiting(0))).toEqual({ changed: ['a'], unsure: false })
  })

  it('does not believe a summary that was asked for before the news', () => {
    const backlog = new Backlog()
    const since = backlog.now()
    backlog.hear(waiting(1))
    expect(backlog.update([], since)).toEqual([])
    expect(backlog.inQueue('a')).toBe(1)
    expect(backlog.claimedSince(since)).toBe(false)
    expect(backlog.update([], backlog.now())).toEqual(['a'])
  })

  it('gives out everything at the end, oldest first', () => {
    const backlog = new Backlog()
    const held = claims(3)
    backlog.hold('a', held)
    backlog.hold('b', claims(1))
    expect(backlog.draw('a', 1)).toEqual([held[0]])
    expect(backlog.drawAll()).toHaveLength(3)
    expect(backlog.drawAll()).toEqual([])
  })
})
