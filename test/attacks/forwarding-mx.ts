// The usual target of an attack: an mx with one forward, whose srs is a peer that counts what arrives.

import type { World } from '../lib/whole-node.ts'
import type { NodeSettings } from '../lib/whole-node.ts'
import type { Target } from './attack.ts'

/** Starts the mx. `changes` are keys of its YAML, or routing data, that the attack needs. */
export async function forwardingMx(world: World, changes: Partial<NodeSettings> = {}): Promise<Target> {
  const srs = await world.destination('srs-01.example.org')
  const node = await world.node({
    role: 'mx',
    ...changes,
    yaml: { peers: { srs: [`mx.srs-01.example.org:${world.mxPort}`] }, ...changes.yaml },
  })
  return {
    node,
    good: { from: 'ann@sender.example', to: 'kim@example.org', localAddress: world.newAddress() },
    arrived: () => srs.messages.filter(({ data }) => data.includes('<good-')).length,
  }
}
