// One round of the relay benchmark: smtp-source in front of a relay, smtp-sink behind it, the relay's processes watched.

import { setTimeout as sleep } from 'node:timers/promises'
import type { SmtpSink } from '../lib/peers/smtp-sink.ts'
import { runSmtpSource } from '../lib/peers/smtp-source.ts'
import { cpuSeconds, type PeakMemory, watchMemory } from './process-tree.ts'
import { runLoad } from './run-load.ts'

/** A running relay whose next hop is the sink. */
export interface Relay {
  readonly port: number
  readonly pid: number
  /** Of a program that is not ours. */
  readonly version?: string
  /** Its code is compiled while it runs, so it gets faster for a while; what is asked for is the speed that it keeps. */
  readonly getsFaster?: boolean
  stop(): Promise<void>
}

export interface Load {
  readonly messages: number
  readonly sessions: number
  /** Octets of payload. */
  readonly length: number
  /** Forward-paths of each message; 1 unless told. */
  readonly recipients?: number
  /** False: a connection for each message. True unless told. */
  readonly reuse?: boolean
  /** The session goes through STARTTLS: our own loader sends, as smtp-source knows no TLS. */
  readonly starttls?: boolean
  /** Messages sent before the clock starts. */
  readonly warmUp?: number
}

export interface Measurement {
  /** Messages per second that got their 250. */
  readonly accepted: number
  /** Messages per second from the first connection until the sink had the last one. */
  readonly delivered: number
  readonly cpuSeconds: number
  readonly memory: PeakMemory
}

/** Sent before the clock starts, so that processes, connections and code are warm for every relay alike. */
const WARM_UP = 2_000
/** So much more of it for a relay that gets faster: after that the speed is steady. */
const LONG_WARM_UP = 8
/** Nothing takes longer than this, or it is broken. */
const PATIENCE = 600_000
/** What a relay does after the last delivery (settling, deleting) still belongs to its costs. */
const SETTLE = 1_000

/** Sends `load` through the relay and waits until the sink has all of it. */
export async function measureRound(relay: Relay, sink: SmtpSink, load: Load): Promise<Measurement> {
  const warmUp = (load.warmUp ?? WARM_UP) * (relay.getsFaster ? LONG_WARM_UP : 1)
  await send(relay, sink, { ...load, messages: warmUp })
  await sleep(SETTLE)
  const before = cpuSeconds(relay.pid)
  const memory = watchMemory(relay.pid)
  const times = await send(relay, sink, load)
  await sleep(SETTLE)
  return {
    accepted: load.messages / times.accepted,
    delivered: load.messages / times.delivered,
    cpuSeconds: cpuSeconds(relay.pid) - before,
    memory: memory.stop(),
  }
}

/** Seconds until all were accepted and until all were delivered. */
export async function send(
  relay: Pick<Relay, 'port'>,
  sink: SmtpSink,
  load: Load,
): Promise<{ accepted: number; delivered: number }> {
  const expected = sink.messages() + load.messages
  const start = performance.now()
  const accepted = await submit(relay.port, load)
  await sink.has(expected, PATIENCE)
  return { accepted, delivered: (performance.now() - start) / 1000 }
}

/** Seconds until the last message got its 250. */
async function submit(port: number, load: Load): Promise<number> {
  if (load.starttls) return (await runLoad({ ...load, port, starttls: true, rate: null }, PATIENCE)).seconds
  const more = load.recipients === undefined ? [] : ['-r', String(load.recipients)]
  const source = await runSmtpSource({ port, ...load, more })
  if (source.kind === 'failed') throw new Error(`smtp-source gave up: ${source.cause}`)
  return source.seconds
}
