// Two nodes that know each other's certificates: one transfers its queue, the other has a transfer listener.

import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { Event } from '../../src/observe/events.ts'
import { openQueue } from '../../src/queue/sqlite/open-queue.ts'
import type { OpenQueue } from '../../src/queue/contract/opened-queue.ts'
import { queueSettings } from '../../src/queue/contract/queue-settings.ts'
import { freePort } from './free-port.ts'
import type { WholeNode, World } from './whole-node.ts'

export interface TransferPair {
  readonly giver: WholeNode
  readonly taker: WholeNode
  /** HOST:PORT of the taker's listener. */
  readonly to: string
}

/** Prepares both; neither runs yet. */
export async function transferPair(world: World, yaml: Readonly<Record<string, unknown>> = {}): Promise<TransferPair> {
  const giver = await world.node({ role: 'srs', start: false })
  const taker = await world.node({ role: 'srs', start: false })
  const port = await freePort(taker.address)
  const known = {
    mx: [{ host: '127.0.0.1', addresses: ['127.0.0.1/32'] }],
    srs: [giver, taker].map((node) => ({ host: node.address, fingerprints: [fingerprintOf(node)] })),
  }
  giver.configure({ peers: known, ...yaml })
  taker.configure({ peers: known, queue_transfer: { listen: `${taker.address}:${port}`, peers: ['srs'] }, ...yaml })
  return { giver, taker, to: `${taker.address}:${port}` }
}

/** SHA-256 of a node's certificate. */
export function fingerprintOf(node: WholeNode): string {
  const { raw } = new X509Certificate(readFileSync(join(dirname(node.config), 'node.pem')))
  return createHash('sha256').update(raw).digest('hex')
}

/** Opens the queue of a stopped node in this process. */
export function openNodeQueueOf(node: WholeNode): Promise<OpenQueue> {
  const settings = { ...queueSettings(join(node.data, 'queue')), reserveBytes: 0 }
  return openQueue(settings, { clock: systemClock, randomBytes: systemRandom })
}

/** What each recipient ended in, over the ledgers of several nodes: `queue id address` → kinds of final events but hand-overs. */
export function endsOver(ledgers: readonly (readonly Event[])[]): Map<string, string[]> {
  const ends = new Map<string, string[]>()
  for (const { kind, queueId, recipient, node } of ledgers.flat()) {
    if (node !== undefined || !['delivered', 'failed', 'expired', 'removed'].includes(kind)) continue
    const key = `${queueId} ${recipient}`
    ends.set(key, [...(ends.get(key) ?? []), kind])
  }
  return ends
}
