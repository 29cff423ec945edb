// What the log says about the addresses of this node.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { until } from '../../test/lib/until.ts'
import { watchOwnAddresses } from './own-addresses.ts'
import type { Source } from './hosts/source-check.ts'

function watch(sources: readonly Source[], zone: Zone) {
  const said: string[] = []
  const say =
    (level: string) =>
    (fields: object, message: string): void =>
      void said.push(`${level} ${'address' in fields ? String(fields.address) : ''} ${message}`)
  const log = { info: say('info'), warn: say('warn'), debug: () => undefined }
  return { check: watchOwnAddresses(sources, { resolver: fakeResolver(zone), clock: createFakeClock(), log }), said }
}

const named: Zone = {
  '5.2.0.192.in-addr.arpa PTR': ['srs.example.org'],
  'srs.example.org A': ['192.0.2.5'],
}

describe('addresses of this node', () => {
  it('are not watched if there are none', () => {
    expect(watch([], {}).check).toBeNull()
  })

  it('are logged: with confirmed reverse DNS as information, without it as a warning', async () => {
    const sources: Source[] = [
      { family: 4, address: '192.0.2.5' },
      { family: 4, address: '192.0.2.6' },
      { family: 6, address: '2001:db8::5' },
    ]
    const { check, said } = watch(sources, named)
    check?.start()
    await until(() => said.length >= 3, { what: 'all three to be looked up' })
    check?.stop()
    expect(said).toContainEqual('info 192.0.2.5 our address has confirmed reverse DNS: it is used')
    expect(
      said
        .filter((line) => line.startsWith('warn'))
        .map((line) => line.split(' ')[1])
        .join(' '),
    ).toBe('192.0.2.6 2001:db8::5')
  })

  it('that the kernel chooses are found without sending anything', async () => {
    const sources: Source[] = [
      { family: 4, address: null },
      { family: 6, address: null },
    ]
    const { check } = watch(sources, {})
    check?.start()
    await until(() => check?.status().every(({ state }) => state.kind !== 'unknown') === true, {
      what: 'a first look-up',
    })
    check?.stop()
    expect(check?.status().map(({ family }) => family)).toEqual([4, 6])
  })
})
