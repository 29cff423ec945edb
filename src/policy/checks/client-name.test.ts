import { expect, it } from 'vitest'
import { runCheck, sampleSession } from '../../../test/lib/check-facts.ts'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../../test/lib/fake-resolver.ts'
import type { Resolver } from '../../dns/resolver.ts'
import type { Origin } from '../../smtp/origin.ts'
import { clientNameCheck } from './client-name.ts'

const zone: Zone = { '1.2.0.192.in-addr.arpa PTR': ['mail.a.example'], 'mail.a.example A': ['192.0.2.1'] }
const internet: Origin = { kind: 'internet' }
const peer: Origin = { kind: 'peer', role: 'mx', vouched: 'nothing' }

function checkOf(data: Zone) {
  const asked: string[] = []
  const inner = fakeResolver(data)
  const resolver: Resolver = {
    resolve: (name, type) => {
      asked.push(`${name} ${type}`)
      return inner.resolve(name, type)
    },
  }
  const check = clientNameCheck({ resolver, clock: createFakeClock() })
  const at = (stage: 'connect' | 'secured') => async (remoteIp: string, origin: Origin | null) =>
    (await runCheck(check, stage, { session: sampleSession({ remoteIp }), origin })).remoteName
  return { asked, connect: at('connect'), secured: at('secured') }
}

it('finds the confirmed name of a client from the internet', async () => {
  expect(await checkOf(zone).connect('192.0.2.1', internet)).toBe('mail.a.example')
})

it('finds none where there is none, and where the DNS does not answer', async () => {
  expect(await checkOf({}).connect('192.0.2.1', internet)).toBeNull()
  expect(await checkOf({ '1.2.0.192.in-addr.arpa PTR': 'unavailable' }).connect('192.0.2.1', internet)).toBeNull()
})

it('looks up no other origin', async () => {
  const { connect, asked } = checkOf(zone)
  for (const origin of [peer, null]) expect(await connect('192.0.2.1', origin)).toBeUndefined()
  expect(asked).toEqual([])
})

it('looks up no address that has shown a certificate of a peer', async () => {
  const { connect, secured, asked } = checkOf(zone)
  await secured('192.0.2.1', peer)
  await secured('192.0.2.2', internet)
  expect(await connect('192.0.2.1', internet)).toBeUndefined()
  expect(asked).toEqual([])
  expect(await connect('192.0.2.2', internet)).toBeNull()
  expect(asked).toHaveLength(1)
})
