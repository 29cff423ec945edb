// Strangers from domains whose mail hosts never reply send mail that is returned to them: each report holds a delivery slot.

import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { until } from '../lib/until.ts'
import type { World } from '../lib/whole-node.ts'
import type { Attack, Target } from './attack.ts'
import { causeReports } from './cause-reports.ts'

const DOMAINS = 210
/** Connections that the silent hosts hold before the good mail is measured: the part of reports in the slots. */
const HELD = 50
const role = join(import.meta.dirname, 'one-node-role.yaml')

/** Silent hosts by environment. */
const silent = new WeakMap<World, SilentHosts>()

export const deliverySlots: Attack = {
  name: 'delivery-slots',
  budgets: ['deliverySlots', 'deliveryReports', 'deliveryHosts'],
  what: 'strangers get reports at 210 domains whose mail hosts never reply, each in another network',
  prepare,
  run: async (stage) => {
    const hosts = silent.get(stage.world) as SilentHosts
    const count = DOMAINS * stage.scale
    for (let i = 0; i < count; i++) await hosts.add(stage.world, i)
    await causeReports(
      stage,
      Array.from({ length: count }, (_, i) => domain(i)),
    )
    await until(() => hosts.open >= HELD, { what: 'the reports to hold their slots', timeout: 60_000 })
  },
}

async function prepare(world: World): Promise<Target> {
  const far = await world.destination('far.example')
  const hosts = new SilentHosts(world.newAddress())
  silent.set(world, hosts)
  const node = await world.node({
    role,
    mail: { domains: ['example.org'], forwards: { kim: 'kim@far.example', gone: 'permfail-rcpt@far.example' } },
  })
  return {
    node,
    good: { from: 'ann@sender.example', to: 'kim@example.org', localAddress: world.newAddress() },
    arrived: () => far.messages.filter(({ data }) => data.includes('<good-')).length,
    close: () => hosts.close(),
  }
}

function domain(i: number): string {
  return `silent-${i}.example`
}

/** Mail hosts that accept connections and never reply. */
class SilentHosts {
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  readonly #net: number

  /** @param address of the environment: the hosts are in other networks. */
  constructor(address: string) {
    this.#net = Number(address.split('.')[1]) + 100
  }

  get open(): number {
    return this.#sockets.size
  }

  /** Host number `i`, the MX of its domain, in a network of its number. */
  async add({ dns, mxPort }: World, i: number): Promise<void> {
    const address = `127.${1 + ((this.#net + (i >> 8)) % 254)}.${i & 255}.1`
    const server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.#servers.push(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(mxPort, address, resolve)
    })
    dns.zone.set(domain(i), { MX: `10 mx.${domain(i)}`, TXT: 'v=spf1 ip4:127.0.0.0/8 -all' })
    dns.zone.set(`mx.${domain(i)}`, { A: address })
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    for (const server of this.#servers) server.close()
  }
}
