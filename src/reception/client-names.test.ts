// Names of clients: strangers are asked about, nodes of ours only until they have shown who they are.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import type { Resolver } from '../dns/resolver.ts'
import { createClientNames } from './client-names.ts'

const zone: Zone = { '1.2.0.192.in-addr.arpa PTR': ['mail.a.example'], 'mail.a.example A': ['192.0.2.1'] }

function names(data: Zone) {
  const asked: string[] = []
  const inner = fakeResolver(data)
  const resolver: Resolver = {
    resolve: (name, type) => {
      asked.push(`${name} ${type}`)
      return inner.resolve(name, type)
    },
  }
  return { names: createClientNames({ resolver, clock: createFakeClock() }), asked }
}

describe('the name of a client', () => {
  it('is the confirmed one', async () => {
    expect(await names(zone).names.of('192.0.2.1')).toBe('mail.a.example')
  })

  it('is null where there is none and where nobody knows', async () => {
    expect(await names({}).names.of('192.0.2.1')).toBeNull()
    expect(await names({ '1.2.0.192.in-addr.arpa PTR': 'unavailable' }).names.of('192.0.2.1')).toBeNull()
  })

  it('is not looked up for an address from which a peer came', async () => {
    const { names: known, asked } = names(zone)
    known.isPeer('192.0.2.1')
    expect(await known.of('192.0.2.1')).toBeNull()
    expect(asked).toEqual([])
    expect(await known.of('192.0.2.2')).toBeNull()
    expect(asked).toHaveLength(1)
  })
})
