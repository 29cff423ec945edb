import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { KnownDestinations } from './known-destinations.ts'

const quick = { worked: true, heldMs: 500 }

describe('a destination', () => {
  it('is known for a day after a quick reply', async () => {
    const clock = createFakeClock()
    const known = new KnownDestinations(clock)
    expect(known.has('mx:a')).toBe(false)
    known.note('mx:a', quick)
    await clock.advance(24 * 3_600_000 - 1)
    expect(known.has('mx:a')).toBe(true)
    await clock.advance(1)
    expect(known.has('mx:a')).toBe(false)
  })

  it('does not become known by a reply just before the time-outs, and stays known after a quick refusal', () => {
    const known = new KnownDestinations(createFakeClock())
    known.note('mx:slow', { worked: true, heldMs: 400_000 })
    expect(known.has('mx:slow')).toBe(false)
    known.note('mx:a', quick)
    known.note('mx:a', { worked: false, heldMs: 20 })
    expect(known.has('mx:a')).toBe(true)
    known.note('mx:a', { worked: false, heldMs: 30_000 })
    expect(known.has('mx:a')).toBe(false)
  })

  it('that worked least recently is forgotten first', () => {
    const known = new KnownDestinations(createFakeClock())
    for (let i = 0; i < 20_000; i++) known.note(`mx:${i}`, quick)
    known.note('mx:0', quick)
    known.note('mx:another', quick)
    expect([known.has('mx:0'), known.has('mx:1'), known.has('mx:2')]).toEqual([true, false, true])
  })
})
