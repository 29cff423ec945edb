// The places of listeners, from the configuration and the role.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { budgetTable } from '../budget/budget-table.ts'
import { createBudgets } from '../budget/budgets.ts'
import { fleetAddresses, serverLimits, sessionPools } from './reception-settings.ts'

const limits = {
  message_size: 1,
  recipients: 1,
  connections: 1000,
  connections_per_ip: 50,
  command_timeout: 300_000,
}

function poolsOf(admit: Parameters<typeof serverLimits>[1]['admit'], changed: Partial<typeof limits> = {}) {
  return sessionPools({ limits: { ...limits, ...changed } }, { admit }, createBudgets(createFakeClock()))
}

describe('the pools of a listener', () => {
  it('have by default the numbers of the budget table', () => {
    const { sessions, unproven, clientShare, unprovenShare } = poolsOf(['internet', 'peers'])
    expect([sessions.capacity, clientShare]).toEqual([budgetTable.sessions.capacity, budgetTable.sessions.client])
    const { capacity, client } = budgetTable.unprovenSessions
    expect([unproven.capacity, unprovenShare]).toEqual([capacity, client])
  })

  it('follow the configuration', () => {
    const { sessions, unproven, clientShare, unprovenShare } = poolsOf(['users'], {
      connections: 10,
      connections_per_ip: 1,
    })
    expect([sessions.capacity, unproven.capacity, clientShare, unprovenShare]).toEqual([10, 4, 1, 1])
  })

  it('leave strangers few places and seconds where only peers and machines are admitted', () => {
    for (const admit of [['peers'], ['machines'], ['peers', 'machines']] as const) {
      expect(poolsOf([...admit]).unprovenShare).toBe(5)
      expect(serverLimits({ limits }, { admit: [...admit] })).toMatchObject({ unprovenMs: 20_000 })
    }
    for (const admit of [['users'], ['peers', 'internet'], ['local']] as const)
      expect(serverLimits({ limits }, { admit: [...admit] })).not.toHaveProperty('unprovenMs')
  })
})

it('a fleet node is known by its address whichever role it has', () => {
  const node = (address: string) => ({ host: 'a.example.org', port: 25, addresses: [address], fingerprints: [] })
  const isPeer = fleetAddresses({ peers: { mx: [node('192.0.2.0/28')], srs: [node('2001:db8::1/128')] } })
  expect(['192.0.2.1', '::ffff:192.0.2.2', '2001:db8::1', '192.0.2.16'].map(isPeer)).toEqual([true, true, true, false])
})
