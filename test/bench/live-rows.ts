// Live mail through a node with other work: a long queue, a dead destination whose mail is due, idle sessions. Waypost only: the result
// is the share of the speed without that work. All rows use a filled queue.

import { connect, createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { freePort } from '../lib/free-port.ts'
import { type SmtpSink, startSmtpSink } from '../lib/peers/smtp-sink.ts'
import { cpuSeconds, watchMemory } from './process-tree.ts'
import { profiledShare } from './profile-shares.ts'
import { type FilledQueue, fillQueue } from './queue-fill.ts'
import { medianOf } from './report.ts'
import { type Load, type Measurement, send } from './round.ts'
import { startWaypostRelay, type WaypostRelay } from './waypost-relay.ts'

export interface LiveCase {
  readonly name: string
  readonly queued: number
  readonly kind: 'deferred' | 'due'
  /** The next hop of the queued mail: a closed port, or a server that accepts connections and sends nothing. */
  readonly destination: 'refuses' | 'silent'
  readonly idleSessions: number
  /** Least share of the first row's speed. */
  readonly aim: number
  readonly isBase?: boolean
}

export interface LiveRow {
  readonly name: string
  readonly aim: number
  /** Of one round. */
  readonly messages: number
  readonly waypost: Measurement
  /** Of the first row's speed in the same turn, the median of all turns. */
  readonly share: number
  readonly profile: string | null
}

const FLAT = 0.8
const UNDISTURBED = 0.9
const IDLE_SESSIONS = 1000
const usual = { kind: 'deferred', destination: 'refuses', idleSessions: 0, aim: FLAT } as const

export const liveCases: readonly LiveCase[] = [
  { ...usual, name: '1 000 queued', queued: 1000, isBase: true },
  { ...usual, name: '100 000 queued', queued: 100_000 },
  { ...usual, name: '1 000 000 queued', queued: 1_000_000 },
  { ...usual, name: '50 000 due for a host that refuses', queued: 50_000, kind: 'due', aim: UNDISTURBED },
  {
    ...usual,
    name: '50 000 due for a host that is silent',
    queued: 50_000,
    kind: 'due',
    destination: 'silent',
    aim: UNDISTURBED,
  },
  { ...usual, name: '1 000 idle sessions', queued: 1000, idleSessions: IDLE_SESSIONS, aim: UNDISTURBED },
]

const load: Load = { messages: 10_000, sessions: 50, length: 4096 }
const WARM_UP = 16_000

/** Turns of a live row, from the largest number of rounds of a relay. */
export function turnsOf(rounds: number): number {
  return Math.min(2 * rounds + 1, 5)
}

/** Measures one row `turns` times, in turns with the first row, so that other load of the machine affects both. */
export async function measureLive(one: LiveCase, turns: number): Promise<LiveRow> {
  return withNode(one, undefined, async (node) => {
    if (one.isBase) return rowOf(one, await carry([node], turns), null)
    return withNode(liveCases[0] as LiveCase, undefined, async (base) => {
      const rounds = await carry([node, base], turns)
      const row = rowOf(one, rounds, null)
      if (row.share >= one.aim) return row
      await base.relay.stop()
      return rowOf(one, rounds, await profileOf(one, node))
    })
  })
}

function rowOf(one: LiveCase, [rounds = [], base = rounds]: readonly Measurement[][], profile: string | null): LiveRow {
  const shares = rounds.map(({ delivered }, turn) => delivered / (base[turn] as Measurement).delivered)
  const share = shares.toSorted((a, b) => a - b)[shares.length >> 1] as number
  return { name: one.name, aim: one.aim, messages: load.messages, waypost: medianOf(rounds), share, profile }
}

/** One more turn on the same queue with a node that writes profiles. */
function profileOf(one: LiveCase, node: LiveNode): Promise<string> {
  return profiledShare(async (profiles) => {
    await node.relay.stop()
    await withNode(one, { data: node.data, profiles }, async (again) => {
      await send(again.relay, again.sink, load)
      await again.relay.stop()
    })
  })
}

interface LiveNode {
  readonly relay: WaypostRelay
  readonly sink: SmtpSink
  readonly data: string
}

/** Runs `work` with a node under the load of the case; stops and removes everything afterwards. */
async function withNode<T>(
  one: LiveCase,
  again: { readonly data: string; readonly profiles: string } | undefined,
  work: (node: LiveNode) => Promise<T>,
): Promise<T> {
  const silent = one.destination === 'silent' ? await openSilent() : null
  const port = silent ? (silent.address() as AddressInfo).port : await freePort()
  const filled = again ? null : await fillQueue(one.queued, `smtp:[127.0.0.1]:${port}`, one.kind)
  const data = again?.data ?? (filled as FilledQueue).data
  const sink = await startSmtpSink()
  const sessions = load.sessions + one.idleSessions
  const profiles = again ? { profiles: again.profiles } : {}
  const relay = await startWaypostRelay({ sinkPort: sink.port, sessions, data, ...profiles })
  const idle = await openIdle(relay.port, one.idleSessions)
  try {
    return await work({ relay, sink, data })
  } finally {
    for (const socket of idle) socket.destroy()
    await relay.stop()
    await sink.stop()
    silent?.close()
    filled?.remove()
  }
}

/** Rounds of each node, the nodes in turns. */
async function carry(nodes: readonly LiveNode[], turns: number): Promise<Measurement[][]> {
  for (const { relay, sink } of nodes) await send(relay, sink, { ...load, messages: WARM_UP })
  const results = nodes.map((): Measurement[] => [])
  for (let turn = 0; turn < turns; turn++)
    for (const [place, node] of nodes.entries()) results[place]?.push(await oneTurn(node))
  return results
}

async function oneTurn({ relay, sink }: LiveNode): Promise<Measurement> {
  const memory = watchMemory(relay.pid)
  const before = cpuSeconds(relay.pid)
  const { accepted, delivered } = await send(relay, sink, load)
  const cpu = cpuSeconds(relay.pid) - before
  const rates = { accepted: load.messages / accepted, delivered: load.messages / delivered }
  return { ...rates, cpuSeconds: cpu, memory: memory.stop() }
}

function openSilent(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.on('error', () => {}))
    server.listen(0, '127.0.0.1', () => resolve(server.unref()))
  })
}

/** Sessions that receive the greeting and then stay idle. */
function openIdle(port: number, count: number): Promise<Socket[]> {
  const open = () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('data', () => resolve(socket))
    })
  return Promise.all(Array.from({ length: count }, open))
}
