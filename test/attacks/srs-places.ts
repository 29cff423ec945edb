// Strangers hold as many connections to an srs node as they can. Its mx nodes, known by address or by certificate only, still get theirs.

import { keyFingerprint } from '../lib/accounts.ts'
import type { World } from '../lib/whole-node.ts'
import type { Attack, AttackStage } from './attack.ts'
import { visitAs } from './listener-places.ts'

const LIMITS = { connections: 200, connections_per_ip: 20 }
const SITES = 30
/** Connections that each stranger tries to hold. */
const CONNECTIONS = 20
const VISITS = 8
const VISIT_PAUSE_MS = 300

/** The mx node that only its certificate proves. */
interface Certified {
  readonly address: string
  readonly cert: string
  readonly key: string
}
const peers = new WeakMap<World, Certified>()

export const srsPlaces: Attack = {
  name: 'srs-places',
  budgets: ['sessions', 'unprovenSessions'],
  what: 'strangers hold all connections to an srs node that they can; its mx nodes get theirs',
  prepare: async (world) => {
    const far = await world.destination('far.example')
    const [localAddress, address] = [world.newAddress(), world.newAddress()]
    const { certificate: cert, key } = world.ca.issue({ names: ['mx-02.example.org'], client: true })
    peers.set(world, { address, cert, key })
    const mx = [
      { host: localAddress, addresses: [`${localAddress}/32`] },
      { host: '192.0.2.1', fingerprints: [`sha256:${keyFingerprint(cert)}`] },
    ]
    const node = await world.node({ role: 'srs', yaml: { limits: LIMITS, peers: { mx } } })
    return {
      node,
      good: { from: 'ann@sender.example', to: 'kim@example.org', localAddress },
      arrived: () => far.messages.filter(({ data }) => data.includes('<good-')).length,
    }
  },
  run: async (stage) => {
    await Promise.all(Array.from({ length: SITES }, (_, site) => holdAll(stage, site)))
    const { address, ...identity } = peers.get(stage.world) as Certified
    for (let visit = 0; visit < VISITS * stage.scale; visit++) {
      await visitAs(await stage.connect(address), identity)
      await new Promise((resolve) => setTimeout(resolve, VISIT_PAUSE_MS))
    }
  },
}

async function holdAll({ connect, stranger }: AttackStage, site: number): Promise<void> {
  for (let number = 0; number < CONNECTIONS; number++) await connect(stranger(site)).catch(() => null)
}
