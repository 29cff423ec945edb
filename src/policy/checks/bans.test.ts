import { expect, it } from 'vitest'
import { sampleSession } from '../../../test/lib/check-facts.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { BanAnswer } from '../../state/ban-contract.ts'
import { bansCheck } from './bans.ts'

const standing = (by: string): BanAnswer => ({
  kind: 'known',
  bans: [
    { kind: 'address', value: '192.0.2.1', at: 0, until: 60_000, by, reason: 'failed logins', evidence: '', times: 1 },
  ],
})

async function connect(answer: BanAnswer, change: { atConnect?: boolean; isKnown?: boolean; origin?: Origin } = {}) {
  const { atConnect = true, isKnown = false, origin = null } = change
  const check = bansCheck({
    bans: { find: async () => answer },
    atConnect,
    isKnown: () => isKnown,
    clock: { now: () => 0 },
  })
  return check.connect?.({ session: sampleSession({ remoteIp: '192.0.2.1' }), origin })
}

const accepted = { verdict: { kind: 'accept' } }
const refused = { verdict: { reply: { code: 450, enhanced: '4.7.0' } } }

it('refuses a banned client for a time', async () => {
  expect(await connect(standing('node'))).toMatchObject(refused)
  expect(await connect({ kind: 'known', bans: [] })).toMatchObject(accepted)
})

it('leaves bans of the node to AUTH where that is configured, and for clients of users; not those of operators', async () => {
  expect(await connect(standing('node'), { atConnect: false })).toMatchObject(accepted)
  expect(await connect(standing('node'), { isKnown: true })).toMatchObject(accepted)
  expect(await connect(standing('root'), { atConnect: false, isKnown: true })).toMatchObject(refused)
})

it('spares fleet nodes and programs of this host', async () => {
  expect(await connect(standing('root'), { origin: { kind: 'peer', role: 'mx', vouched: 'nothing' } })).toMatchObject(
    accepted,
  )
  expect(await connect(standing('root'), { origin: { kind: 'local' } })).toMatchObject(accepted)
})

it('leaves the client to the other checks if no ban can be read', async () => {
  expect(await connect({ kind: 'unavailable', cause: 'no disk' })).toMatchObject(accepted)
})
