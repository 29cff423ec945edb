// Machines whose bounces the node would refuse.

import { expect, it } from 'vitest'
import type { Config } from '../../config/config.ts'
import type { NodeData } from '../../node/load-data.ts'
import { silentMachines } from './account-warnings.ts'

const config = {
  postmaster: 'postmaster@example.org',
  at: (path: readonly string[], message: string) => ({ message: `${path.join('.')}: ${message}` }),
} as unknown as Config

const find = (senders: Readonly<Record<string, readonly string[]>>) => {
  const machines = { list: Object.keys(senders).map((name) => ({ name })) }
  const router = {
    maySendAs: async ({ identity }: { identity: string }, address: string) =>
      senders[identity]?.includes(address) ? { kind: 'yes' } : { kind: 'no', allowed: [] },
  }
  return silentMachines(config, { machines, router } as unknown as NodeData)
}

it('names machines that may not send as the postmaster, in one note', async () => {
  const found = await find({ 'web-01': ['postmaster@example.org'], 'web-02': [], 'web-03': ['x@example.org'] })
  expect(found).toMatchObject([
    {
      message:
        'machines: web-02, web-03 may not send as postmaster@example.org: a client node needs postmaster@example.org ' +
        'among its senders, or its bounces are refused here and lost',
    },
  ])
  expect(await find({ 'web-01': ['postmaster@example.org'] })).toEqual([])
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`m${index}`, []]))
  expect((await find(many))[0]?.message).toContain('m9 and 2 more may not')
})

it('finds nothing without machines', async () => {
  expect(await silentMachines(config, { machines: null } as unknown as NodeData)).toEqual([])
})
