// Strangers keep silent connections to the queue-transfer listener, and open more without a pause, while a peer transfers its queue.

import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { newQueueId } from '../../src/lib/ids.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { sampleMessage, sampleRecipient } from '../lib/queue-samples.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { freePort } from '../lib/free-port.ts'
import { fingerprintOf, openNodeQueueOf } from '../lib/transfer-pair.ts'
import type { WholeNode } from '../lib/whole-node.ts'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

/** Networks of the strangers: more places than strangers have. */
const SITES = 12
const EACH = 40
/** Messages of the peer's queue. */
const MESSAGES = 30

let giver: WholeNode
let to = ''

export const transferListener: Attack = {
  name: 'transfer-listener',
  budgets: ['transferConnections'],
  what: 'strangers from twelve networks hold silent connections to the queue-transfer listener while a peer drains its queue',
  prepare: async (world) => {
    giver = await world.node({ role: 'mx', yaml: { peers: { srs: ['mx.srs-01.example.org'] } }, start: false })
    const host = world.newAddress()
    to = `${host}:${await freePort(host)}`
    const target = await forwardingMx(world, {
      yaml: {
        peers: {
          srs: [`mx.srs-01.example.org:${world.mxPort}`],
          mx: [{ host: 'mx-02.example.org', fingerprints: [fingerprintOf(giver)] }],
        },
        queue_transfer: { listen: to, peers: ['mx'] },
      },
    })
    giver.configure({
      peers: { srs: ['mx.srs-01.example.org'], mx: [{ host, fingerprints: [fingerprintOf(target.node)] }] },
    })
    await fill(giver)
    return target
  },
  run: async (stage) => {
    const held: Socket[] = []
    try {
      await openSilent(stage, held)
      let isDrained = false
      const drained = drain().finally(() => (isDrained = true))
      while (!isDrained) await openSilent(stage, held)
      const { status, stderr } = await drained
      if (status !== 0) throw new Error(`the peer could not transfer its queue (${status}): ${stderr}`)
    } finally {
      for (const socket of held) socket.destroy()
    }
  },
}

function drain() {
  return runWaypost(['queue', 'drain', '-c', giver.config, '--to', to])
}

/** One connection from each of the strangers' addresses; those that the listener has closed are opened again in the next round. */
async function openSilent({ stranger, scale }: AttackStage, held: Socket[]): Promise<void> {
  const [host = '', port = ''] = to.split(':')
  const opening: Promise<unknown>[] = []
  for (let site = 0; site < SITES * scale; site++)
    for (let number = 1; number <= EACH / 4; number++) {
      const socket = connect({ host, port: Number(port), localAddress: stranger(site, number) })
      socket.on('error', () => undefined)
      opening.push(Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined))
      held.push(socket)
    }
  await Promise.all(opening)
  // The oldest of this process are given up, so that the attack does not end because it runs out of descriptors.
  for (const socket of held.splice(0, Math.max(0, held.length - 2000))) socket.destroy()
}

async function fill(node: WholeNode): Promise<void> {
  const queue = await openNodeQueueOf(node)
  for (let n = 0; n < MESSAGES; n++) {
    const queueId = newQueueId(systemClock, systemRandom)
    const recipients = [sampleRecipient({ address: `r${n}@far.example`, nextHop: 'peers:srs' })]
    await queue.accept(sampleMessage({ queueId, recipients, arrivedAt: Date.now() }), { claim: false })
  }
  await queue.close()
}
