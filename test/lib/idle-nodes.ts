// One node of each role with what its role needs, and nothing to do: for the tests and the benchmark of start time and memory.

import { join } from 'node:path'
import { writeAccounts } from './accounts.ts'
import type { WholeNode, World } from './whole-node.ts'

/** Roles in the order of the table of the README. */
export const idleRoles = ['mx', 'srs', 'submission', 'mta', 'client', 'solo'] as const
export type IdleRole = (typeof idleRoles)[number]

/** Prepares the nodes. The caller starts them. */
export async function prepareIdleNodes(world: World): Promise<ReadonlyMap<IdleRole, WholeNode>> {
  const { users, machines } = (await writeAccounts(world)).yaml
  const tls = { certificate: 'node.pem', key: 'node.key', ca: join(world.folder, 'ca.pem') }
  const mail = { domains: ['example.org'], users: { lee: null }, forwards: { kim: 'kim@far.example' } }
  const peers = (...roles: readonly string[]) => Object.fromEntries(roles.map((role) => [role, ['127.0.0.1:1']]))
  const settings = {
    mx: { yaml: { peers: peers('srs') } },
    srs: {},
    submission: { listeners: ['submissions', 'submission'], yaml: { users, peers: peers('mx', 'srs') } },
    mta: { listeners: ['submission'], yaml: { machines, peers: peers('mx', 'srs') } },
    client: { yaml: { mail: [], dkim: undefined, srs: undefined, peers: peers('mta') } },
    solo: { listeners: ['smtp', 'submissions', 'submission'], yaml: { users, peers: undefined } },
  } as const
  const nodes = new Map<IdleRole, WholeNode>()
  for (const role of idleRoles) {
    const own: { readonly yaml?: object; readonly listeners?: readonly string[] } = settings[role]
    nodes.set(role, await world.node({ role, mail, ...own, yaml: { tls, ...own.yaml }, start: false }))
  }
  return nodes
}
