// Live mail through a node that has something else to bear: a long queue, a dead destination with all its mail due, idle sessions. Only
// Waypost: what is asked is how much of its own speed it keeps. All rows are measured in the same way on a filled queue.

import { connect, createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { freePort } from '../lib/free-port.ts'
import { startSmtpSink } from '../lib/peers/smtp-sink.ts'
import { watchMemory } from './process-tree.ts'
import { profiledShare } from './profile-shares.ts'
import { fillQueue } from './queue-fill.ts'
import { medianOf } from './report.ts'
import { type Load, type Measurement, send } from './round.ts'
import { startWaypostRelay } from './waypost-relay.ts'

export interface LiveCase {
  readonly name: string
  readonly queued: number
  readonly kind: 'deferred' | 'due'
  /** What is at the next hop of the queued mail: nobody, or a server that takes connections and says nothing. */
  readonly destination: 'refuses' | 'silent'
  readonly idleSessions: number
  /** Least share of the first row's speed. */
  readonly aim: number
  readonly isBase?: boolean
}

export interface LiveRow {
  readonly name: string
  readonly aim: number
  readonly waypost: Measurement
  /** Of the first row's speed. */
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
const SENDS = 5

/** Measures one row; `base` is the first one. */
export function measureLive(one: LiveCase, base: LiveRow | null): Promise<LiveRow> {
  return withFilledQueue(one, async (data) => {
    const waypost = await carry(one, { data, rounds: SENDS })
    const share = base === null ? 1 : waypost.delivered / base.waypost.delivered
    const again = async (profiles: string) => void (await carry(one, { data, rounds: 1, profiles }))
    const profile = share >= one.aim ? null : await profiledShare(again)
    return { name: one.name, aim: one.aim, waypost, share, profile }
  })
}

async function withFilledQueue<T>(one: LiveCase, work: (data: string) => Promise<T>): Promise<T> {
  const silent = one.destination === 'silent' ? await openSilent() : null
  const port = silent ? (silent.address() as AddressInfo).port : await freePort()
  const filled = await fillQueue(one.queued, `smtp:[127.0.0.1]:${port}`, one.kind)
  try {
    return await work(filled.data)
  } finally {
    filled.remove()
    silent?.close()
  }
}

interface Carriage {
  readonly data: string
  readonly rounds: number
  readonly profiles?: string | undefined
}

async function carry(one: LiveCase, { data, rounds, profiles }: Carriage): Promise<Measurement> {
  const sink = await startSmtpSink()
  const relay = await startWaypostRelay({
    sinkPort: sink.port,
    sessions: load.sessions + one.idleSessions,
    data,
    ...(profiles === undefined ? {} : { profiles }),
  })
  const idle = await openIdle(relay.port, one.idleSessions)
  try {
    await send(relay, sink, { ...load, messages: 2000 })
    const memory = watchMemory(relay.pid)
    const times = []
    for (let turn = 0; turn < rounds; turn++) times.push(await send(relay, sink, load))
    const peak = memory.stop()
    return medianOf(
      times.map(({ accepted, delivered }) => ({
        accepted: load.messages / accepted,
        delivered: load.messages / delivered,
        cpuSeconds: 0,
        memory: peak,
      })),
    )
  } finally {
    for (const socket of idle) socket.destroy()
    await relay.stop()
    await sink.stop()
  }
}

function openSilent(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.on('error', () => {}))
    server.listen(0, '127.0.0.1', () => resolve(server.unref()))
  })
}

/** Sessions that were greeted and then say nothing. */
function openIdle(port: number, count: number): Promise<Socket[]> {
  const open = () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('data', () => resolve(socket))
    })
  return Promise.all(Array.from({ length: count }, open))
}
