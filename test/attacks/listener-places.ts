// Strangers hold as many sessions as they can: half of them silent, half after MAIL. Fleet nodes, known by address or by certificate only,
// still get theirs, and so do other strangers.

import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { World } from '../lib/whole-node.ts'
import { keyFingerprint } from '../lib/accounts.ts'
import { forwardingMx } from './forwarding-mx.ts'
import type { Attack, AttackStage } from './attack.ts'

/** Fewer than in production, so that few connections fill them. */
const LIMITS = { connections: 200, connections_per_ip: 20 }
const SITES = 15
/** Connections that each stranger tries to hold. */
const CONNECTIONS = 40
/** Visits of each fleet node, one after the other, while the strangers hold their places. */
const VISITS = 8
const VISIT_PAUSE_MS = 300

/** The two fleet nodes of the attack. */
interface Fleet {
  readonly listed: string
  readonly certified: { readonly address: string; readonly cert: string; readonly key: string }
}
const fleets = new WeakMap<World, Fleet>()

export const listenerPlaces: Attack = {
  name: 'listener-places',
  budgets: ['sessions', 'unprovenSessions'],
  what: 'strangers hold all sessions that they can, silent or after MAIL; fleet nodes and other strangers get theirs',
  prepare: (world) => {
    const [listed, address] = [world.newAddress(), world.newAddress()]
    const { certificate: cert, key } = world.ca.issue({ names: ['mta.example.org'] })
    fleets.set(world, { listed, certified: { address, cert, key } })
    const submission = [{ host: listed, addresses: [`${listed}/32`] }]
    const mta = [{ host: '192.0.2.1', fingerprints: [`sha256:${keyFingerprint(cert)}`] }]
    const srs = [`mx.srs-01.example.org:${world.mxPort}`]
    return forwardingMx(world, { yaml: { limits: LIMITS, peers: { srs, submission, mta } } })
  },
  run: async (stage) => {
    const held = Array.from({ length: SITES }, (_, site) => holdAll(stage, site))
    await Promise.all(held)
    const { listed, certified } = fleets.get(stage.world) as Fleet
    for (let visit = 0; visit < VISITS * stage.scale; visit++) {
      await visitAs(await stage.connect(listed))
      const { address, ...identity } = certified
      await visitAs(await stage.connect(address), identity)
      await new Promise((resolve) => setTimeout(resolve, VISIT_PAUSE_MS))
    }
  },
}

async function holdAll({ connect, stranger }: AttackStage, site: number): Promise<void> {
  for (let number = 0; number < CONNECTIONS; number++) {
    const client = await connect(stranger(site)).catch(() => null)
    if (client && number % 2 === 0) await startMail(client).catch(() => {})
  }
}

async function startMail(client: SmtpDialogue): Promise<void> {
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  await client.expect('MAIL FROM:<eve@evil.example>', '250')
}

/** Throws if the fleet node does not get its session. */
export async function visitAs(
  client: SmtpDialogue,
  identity?: { readonly cert: string; readonly key: string },
): Promise<void> {
  await client.expect(null, '220')
  await client.expect('EHLO fleet.example.org', '250')
  if (identity) {
    await client.expect('STARTTLS', '220')
    await client.startTls(identity)
    await client.expect('EHLO fleet.example.org', '250')
  }
  await client.expect('MAIL FROM:<ann@example.org>', '250')
  await client.expect('RCPT TO:<kim@example.org>', '250')
  await client.expect('QUIT', '221')
}
