// What the log and the health page say about our own addresses.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import type { Config } from '../config/config.ts'
import { until } from '../../test/lib/until.ts'
import { buildSourceCheck, sourceHealth } from './source-addresses.ts'

function build(delivery: object, zone: Zone, internet = 'always') {
  const said: string[] = []
  const say =
    (level: string) =>
    (fields: object, message: string): void =>
      void said.push(`${level} ${'address' in fields ? String(fields.address) : ''} ${message}`)
  const log = { info: say('info'), warn: say('warn'), debug: () => undefined }
  const config = { role: { internet }, delivery: { source: {}, destinations: {}, ...delivery } } as unknown as Config
  const parts = { resolver: fakeResolver(zone), clock: createFakeClock(), log: log as never }
  return { check: buildSourceCheck(config, parts), said }
}

const named: Zone = {
  '5.2.0.192.in-addr.arpa PTR': ['srs.example.org'],
  'srs.example.org A': ['192.0.2.5'],
}

describe('our own addresses', () => {
  it('are of no interest on a node that never sends to the internet', () => {
    expect(build({}, {}, 'never').check).toBeNull()
  })

  it('with a name are fine; without one the log and the health page say so', async () => {
    const source = { ipv4: '192.0.2.5', ipv6: '2001:db8::5' }
    const destinations = { 'lists.example': { source: { ipv4: '192.0.2.6' } } }
    const { check, said } = build({ source, destinations }, named)
    check?.start()
    await until(() => said.length >= 3, { what: 'all three to be looked at' })
    check?.stop()
    expect(said).toContainEqual('info 192.0.2.5 our address has a name: it is used for the internet')
    expect(
      said
        .filter((line) => line.startsWith('warn'))
        .map((line) => line.split(' ')[1])
        .join(' '),
    ).toBe('192.0.2.6 2001:db8::5')
    expect(check && sourceHealth(check)).toEqual({
      kind: 'degraded',
      reason: 'no reverse DNS that leads back: 192.0.2.6, 2001:db8::5',
    })
  })

  it('that the system chooses are found without sending anything', async () => {
    const { check } = build({}, {})
    check?.start()
    await until(() => check?.status().every(({ state }) => state.kind !== 'unknown') === true, { what: 'a first look' })
    check?.stop()
    expect(check?.status().map(({ family }) => family)).toEqual([4, 6])
  })
})
