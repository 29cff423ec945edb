// Which places clients get, and how shares and time limits shrink.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createBudgets } from '../budget/budgets.ts'
import type { PoolLimits } from '../budget/pool.ts'
import { createProvenAddresses } from './proven-addresses.ts'
import { createSessionPlaces, proofOf, type SessionPlace, type SessionPlaces } from './session-places.ts'

const SERVER = '192.0.2.25'

function open(sessions: Partial<PoolLimits> = {}, unproven: Partial<PoolLimits> = {}) {
  const budgets = createBudgets(createFakeClock())
  const pools = { sessions: budgets.pool('sessions', sessions), unproven: budgets.pool('unprovenSessions', unproven) }
  const known = createProvenAddresses()
  const shares = { clientShare: 50, unprovenShare: 50 }
  const places = createSessionPlaces({ ...pools, ...shares, known, isPeer: (ip) => ip === '198.51.100.1' })
  return { ...pools, places }
}

const stranger = (number: number) => `203.${number >> 8}.${number & 255}.7`

/** Connects from each address until it is refused; `act` proves something. Returns the number of places. */
function fill(places: SessionPlaces, addresses: number, act: (place: SessionPlace) => boolean): number {
  let taken = 0
  for (let round = 0; round < 60; round++)
    for (let number = 0; number < addresses; number++) {
      const place = places.take(stranger(number), SERVER)
      if (place.kind === 'place' && act(place)) taken++
    }
  return taken
}

describe('twenty strangers who take all that they can', () => {
  it('leave places for others without proof', () => {
    const { places } = open()
    expect(fill(places, 20, () => true)).toBeLessThan(400)
    expect(places.take('192.0.2.99', SERVER).kind).toBe('place')
  })

  it('leave places for others who send mail', () => {
    const { places } = open()
    fill(places, 20, (place) => place.prove('internet') === null)
    const other = places.take('192.0.2.99', SERVER) as SessionPlace
    expect(other.prove('internet')).toBeNull()
  })
})

describe('a thousand strangers', () => {
  it('leave places for the fleet and for people with a proof', () => {
    const { places, sessions } = open()
    const waiting = places.take('192.0.2.98', SERVER) as SessionPlace
    fill(places, 1000, (place) => place.prove('internet') === null)
    expect(sessions.used).toBe(750)
    expect(places.take('198.51.100.1', SERVER)).toMatchObject({ proof: 'fleet' })
    expect(waiting.prove('people')).toBeNull()
    expect((places.take('192.0.2.97', SERVER) as SessionPlace).prove('fleet')).toBeNull()
  })
})

describe('a client', () => {
  it('of a fleet address or of this host has no share', () => {
    const { places } = open()
    for (let i = 0; i < 200; i++) expect(places.take('198.51.100.1', SERVER).kind).toBe('place')
    for (let i = 0; i < 200; i++) expect(places.take(`::ffff:${SERVER}`, SERVER)).toMatchObject({ proof: 'people' })
  })

  it('whose address is remembered starts in the pool of the proven, without a proof', () => {
    const { places, sessions, unproven } = open({}, { capacity: 1 })
    const first = places.take('192.0.2.1', SERVER) as SessionPlace
    expect(first.prove('people')).toBeNull()
    expect(places.take('192.0.2.2', SERVER).kind).toBe('place')
    const second = places.take('192.0.2.1', SERVER)
    expect(second).toMatchObject({ kind: 'place', proof: null })
    expect([sessions.used, unproven.used]).toEqual([2, 1])
  })

  it('keeps the better proof, and gives everything back', () => {
    const { places, sessions, unproven } = open()
    const place = places.take('192.0.2.1', SERVER) as SessionPlace
    for (const proof of ['internet', 'people', 'internet', 'fleet', 'people'] as const) place.prove(proof)
    expect([place.proof, sessions.used, unproven.used]).toEqual(['fleet', 1, 0])
    place.release()
    expect(sessions.used).toBe(0)
  })

  it('of a large site is not limited by its network if it is known', () => {
    const { places } = open()
    for (let i = 1; i <= 200; i++)
      expect((places.take(`192.0.2.${i % 250}`, SERVER) as SessionPlace).prove('people')).toBeNull()
  })
})

it('pressure grows from half full on, for strangers only', () => {
  const { places } = open({}, { capacity: 10 })
  const taken = Array.from({ length: 5 }, (_, number) => places.take(stranger(number), SERVER) as SessionPlace)
  expect(taken[0]?.pressure()).toBe(0)
  const more = Array.from({ length: 5 }, (_, number) => places.take(stranger(100 + number), SERVER) as SessionPlace)
  expect(taken[0]?.pressure()).toBe(1)
  more[0]?.prove('people')
  expect(more[0]?.pressure()).toBe(0)
})

it.each([
  [{ kind: 'peer', role: 'mx', vouched: 'nothing' }, false, 'fleet'],
  [{ kind: 'machine', identity: 'web' }, false, 'people'],
  [{ kind: 'user', identity: 'ann' }, true, 'people'],
  [{ kind: 'local' }, false, 'people'],
  [{ kind: 'internet' }, false, null],
  [{ kind: 'internet' }, true, 'internet'],
  [null, false, null],
] as const)('the proof of %j is %s', (origin, mailAccepted, proof) => {
  expect(proofOf(origin, mailAccepted)).toBe(proof)
})
