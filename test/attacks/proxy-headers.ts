// Strangers behind a load balancer make it hold connections without a header, and strangers beside it send headers that the node does not expect.
// Clients of another balancer get their places.

import { connectDialogue } from '../lib/smtp-dialogue.ts'
import type { World } from '../lib/whole-node.ts'
import { forwardingMx } from './forwarding-mx.ts'
import type { Attack, AttackStage } from './attack.ts'
import { textHeader } from '../lib/proxy-headers.ts'

/** More than the share of one balancer. */
const SILENT = 600
const SITES = 10
const VISITS = 5

interface Balancers {
  readonly held: string
  readonly good: string
}
const balancers = new WeakMap<World, Balancers>()

export const proxyHeaders: Attack = {
  name: 'proxy-headers',
  budgets: ['proxyHeaders', 'unprovenSessions'],
  what: 'a load balancer that strangers stall holds 600 connections without a header; strangers beside it claim to be one',
  prepare: (world) => {
    const [held, good] = [world.newAddress(), world.newAddress()]
    balancers.set(world, { held, good })
    return forwardingMx(world, { proxy: [held, good] })
  },
  run: async (stage) => {
    const { held, good } = balancers.get(stage.world) as Balancers
    await Promise.all(Array.from({ length: SILENT }, () => stage.connect(held).catch(() => null)))
    await Promise.all(Array.from({ length: SITES }, (_, site) => claim(stage, site)))
    for (let visit = 0; visit < VISITS * stage.scale; visit++) await visitBehind(stage, good, visit)
  },
}

/** A header of a host that is no balancer is a command: an early talker. */
async function claim({ connect, stranger }: AttackStage, site: number): Promise<void> {
  const client = await connect(stranger(site))
  client.write(textHeader('192.0.2.1'))
  await client.expect(null, '421')
}

async function visitBehind({ target }: AttackStage, balancer: string, visit: number): Promise<void> {
  const { address: host, port } = target.node
  const client = await connectDialogue({ host, port, localAddress: balancer })
  client.write(textHeader(`192.0.2.${visit + 1}`))
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  await client.expect('QUIT', '221')
}
