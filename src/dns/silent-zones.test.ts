// Which zones are passed over.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createSilentZones } from './silent-zones.ts'

const silence = (zones: ReturnType<typeof createSilentZones>) => {
  for (let i = 0; i < 6; i++) zones.unanswered('registry.example')
}

describe('a zone', () => {
  it('that answered lately is not silent: strangers can own silent zones below it', async () => {
    const clock = createFakeClock()
    const zones = createSilentZones(clock)
    zones.answered('registry.example')
    silence(zones)
    expect(zones.isSilent('registry.example')).toBe(false)
    await clock.advance(300_000)
    silence(zones)
    expect(zones.isSilent('registry.example')).toBe(true)
    zones.answered('registry.example')
    expect(zones.isSilent('registry.example')).toBe(false)
  })

  it('is silent for a short time after its last silence', async () => {
    const clock = createFakeClock()
    const zones = createSilentZones(clock)
    silence(zones)
    expect(zones.isSilent('registry.example')).toBe(true)
    await clock.advance(15_000)
    expect(zones.isSilent('registry.example')).toBe(false)
  })
})
