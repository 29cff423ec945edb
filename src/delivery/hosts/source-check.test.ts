// When a source address may be used towards the internet.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { createSourceCheck, type Source, type SourceStatus } from './source-check.ts'

const SIX = '2001:db8:1::25'
const FOREIGN = '2001:db8:2::25'

/** `unavailable`: the look-up fails. */
type Name = string | null

const chosenOnes: readonly Source[] = [
  { family: 4, address: null },
  { family: 6, address: null },
]
const six = (...addresses: string[]) => addresses.map((address): Source => ({ family: 6, address }))

function setUp(sources: readonly Source[] = chosenOnes, chosen: string | null = SIX) {
  const clock = createFakeClock()
  const names = new Map<string, Name>()
  const changes: SourceStatus[] = []
  let route = chosen
  const check = createSourceCheck(sources, {
    clock,
    nameOf: async (address) => {
      const name = names.get(address) ?? null
      if (name === 'unavailable') return { kind: 'unavailable', cause: 'SERVFAIL' }
      return name === null ? { kind: 'none' } : { kind: 'name', name }
    },
    chosenAddress: async (family) => (family === 6 ? route : '192.0.2.1'),
    changed: (status) => changes.push(status),
  })
  const setRoute = (address: string | null) => (route = address)
  return { check, clock, names, changes: () => changes.splice(0), setRoute }
}

describe('an IPv6 source address', () => {
  it('is not used before its first check', () => {
    expect(setUp().check.mayReach(FOREIGN, null)).toBe(false)
  })

  it('is not used without reverse DNS, and is used once it has it', async () => {
    const { check, clock, names, changes } = setUp()
    check.start()
    await clock.advance(1)
    expect(check.mayReach(FOREIGN, null)).toBe(false)
    expect(changes()).toContainEqual({ family: 6, address: SIX, state: { kind: 'unnamed' } })
    names.set(SIX, 'srs.example.org')
    await clock.advance(299_000)
    expect(check.mayReach(FOREIGN, null)).toBe(false)
    await clock.advance(2000)
    expect(check.mayReach(FOREIGN, null)).toBe(true)
    expect(changes()).toEqual([{ family: 6, address: SIX, state: { kind: 'named', name: 'srs.example.org' } }])
    names.delete(SIX)
    await clock.advance(300_000)
    expect(check.mayReach(FOREIGN, null)).toBe(false)
    check.stop()
  })

  it('keeps its state if a look-up fails, and stays unused if none succeeded', async () => {
    const { check, clock, names } = setUp()
    names.set(SIX, 'unavailable')
    check.start()
    await clock.advance(1)
    expect(check.mayReach(FOREIGN, null)).toBe(false)
    names.set(SIX, 'srs.example.org')
    await clock.advance(300_000)
    names.set(SIX, 'unavailable')
    await clock.advance(300_000)
    expect(check.mayReach(FOREIGN, null)).toBe(true)
    check.stop()
  })

  it('that does not exist excludes IPv6 targets', async () => {
    const { check, clock, setRoute, names } = setUp(chosenOnes, null)
    check.start()
    await clock.advance(1)
    expect(check.mayReach(FOREIGN, null)).toBe(false)
    setRoute(SIX)
    names.set(SIX, 'srs.example.org')
    await clock.advance(300_000)
    expect(check.mayReach(FOREIGN, null)).toBe(true)
    check.stop()
  })

  it('is checked separately if several are configured', async () => {
    const { check, clock, names } = setUp(six(SIX, '2001:db8:1::26'))
    names.set('2001:db8:1::26', 'lists.example.org')
    check.start()
    await clock.advance(1)
    expect(check.mayReach(FOREIGN, SIX)).toBe(false)
    expect(check.mayReach(FOREIGN, '2001:db8:1::26')).toBe(true)
    check.stop()
  })
})

describe('other addresses', () => {
  it('may always be used: IPv4, loopback, private networks', async () => {
    const { check, clock, changes } = setUp()
    check.start()
    await clock.advance(1)
    for (const address of ['192.0.2.5', '127.0.0.1', '::1', 'fd00::1', 'fe80::1'])
      expect(check.mayReach(address, null)).toBe(true)
    expect(changes()).toContainEqual({ family: 4, address: '192.0.2.1', state: { kind: 'unnamed' } })
    check.stop()
  })

  it('of private networks are not looked up', async () => {
    const { check, clock } = setUp(six('fd00::25'))
    check.start()
    await clock.advance(1)
    expect(check.status().find(({ address }) => address === 'fd00::25')?.state).toEqual({ kind: 'private' })
    check.stop()
  })
})
