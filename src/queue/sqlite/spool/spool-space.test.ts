// Octets in flight against the free space of the disk.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../../test/lib/fake-clock.ts'
import { createPool } from '../../../budget/pool.ts'
import type { QueueUnavailable } from '../../contract/queue-unavailable.ts'
import { type BodyOctets, SpoolSpace } from './spool-space.ts'

const RESERVE = 64
const stranger = (n: number) => ({ purpose: 'internet', ip: `192.0.${n}.1` }) as const

/** A disk with this many free octets; what bodies write lessens them. */
function openDisk(free: number) {
  const clock = createFakeClock()
  const disk = { free, reads: 0 }
  const pool = createPool({ capacity: 4000, client: 2000, ceilings: { internet: 0.75 } }, () => {})
  const freeBytes = async () => {
    disk.reads++
    return disk.free
  }
  const space = new SpoolSpace({ clock, pool, freeBytes, reserveBytes: RESERVE })
  const aborted: string[] = []
  const body = async (holder: Parameters<typeof space.open>[0], name = '') => {
    const octets = await space.open(holder, (error) => aborted.push(`${name} ${error.cause}`))
    return { octets, write: (count: number) => write(disk, octets, count) }
  }
  return { clock, disk, pool, body, aborted }
}

function write(disk: { free: number }, octets: BodyOctets, count: number): void {
  octets.take(count)
  disk.free -= count
  octets.wrote(count)
}

const full = (work: () => void) => {
  try {
    work()
  } catch (error) {
    return (error as QueueUnavailable).cause
  }
  return 'written'
}

describe('bodies in flight', () => {
  it('leave the reserve free, however many there are and whatever was measured when', async () => {
    const { clock, disk, body } = openDisk(464)
    const bodies = await Promise.all([1, 2, 3, 4, 5].map((n) => body(stranger(n))))
    for (let turn = 0; turn < 40; turn++) {
      for (const one of bodies) full(() => one.write(10))
      await clock.advance(100)
    }
    expect(disk.free).toBeGreaterThanOrEqual(RESERVE)
    // Three quarters of the space above the reserve are for the internet.
    expect(disk.free).toBeLessThanOrEqual(RESERVE + 110)
  })

  it('fill at most half for one client, and three quarters for the internet: the fleet finds space', async () => {
    const { body } = openDisk(464)
    const first = await body(stranger(1))
    expect(full(() => first.write(200))).toBe('written')
    expect(full(() => first.write(1))).toBe('full')
    const second = await body(stranger(2))
    expect(full(() => second.write(100))).toBe('written')
    expect(full(() => second.write(1))).toBe('full')
    const peer = await body({ purpose: 'fleet' })
    expect(full(() => peer.write(100))).toBe('written')
    expect(full(() => peer.write(1))).toBe('full')
  })

  it('give their octets back when they are complete or removed', async () => {
    const { clock, pool, disk, body } = openDisk(464)
    const first = await body(stranger(1))
    first.write(150)
    first.octets.release()
    first.octets.release()
    expect(pool.used).toBe(0)
    await clock.advance(1000)
    // Complete bodies are on the disk: less is free for the next.
    const second = await body(stranger(2))
    expect(full(() => second.write(126))).toBe('full')
    expect(full(() => second.write(125))).toBe('written')
    expect(disk.free).toBe(464 - 275)
  })

  it('are aborted, the largest of strangers first, when something else fills the disk', async () => {
    const { clock, disk, body, aborted } = openDisk(1000)
    const small = await body(stranger(1), 'small')
    const large = await body(stranger(2), 'large')
    const peer = await body({ purpose: 'fleet' }, 'peer')
    small.write(20)
    large.write(100)
    peer.write(200)
    disk.free = 30
    await clock.advance(300)
    expect(aborted).toEqual(['large full'])
    disk.free += 100
    await clock.advance(300)
    expect(aborted).toEqual(['large full'])
    disk.free = 0
    await clock.advance(300)
    expect(aborted).toEqual(['large full', 'small full', 'peer full'])
  })

  it('count nothing that is written or asked for after their end', async () => {
    const { clock, pool, disk, body } = openDisk(464)
    const watched = await body(stranger(9))
    for (let n = 1; n <= 5; n++) {
      const cut = await body(stranger(n))
      cut.octets.take(100)
      // The client has gone during the write, so that the file is removed after it.
      cut.octets.release()
      cut.octets.wrote(100)
      expect(full(() => cut.octets.take(1))).toBe('full')
    }
    expect(pool.used).toBe(0)
    await clock.advance(1000)
    expect(pool.capacity).toBe(disk.free - RESERVE)
    watched.octets.release()
  })

  it('are watched only while there are any', async () => {
    const { clock, disk, body } = openDisk(1000)
    const one = await body(stranger(1))
    await clock.advance(1000)
    expect(disk.reads).toBeGreaterThan(3)
    one.octets.release()
    const before = disk.reads
    await clock.advance(5000)
    expect(disk.reads).toBe(before)
  })
})
