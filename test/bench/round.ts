// One round of the relay benchmark: smtp-source sends to a relay, smtp-sink receives, and the processes of the relay are sampled.

import { setTimeout as sleep } from 'node:timers/promises'
import type { SmtpSink } from '../lib/peers/smtp-sink.ts'
import { runSmtpSource } from '../lib/peers/smtp-source.ts'
import { cpuSeconds, type PeakMemory, watchMemory } from './process-tree.ts'
import { runLoad } from './run-load.ts'

/** A running relay whose next hop is the sink. */
export interface Relay {
  readonly port: number
  readonly pid: number
  /** Version of Postfix; undefined for Waypost. */
  readonly version?: string
  /** True: the code is compiled while it runs, so the relay needs more messages until its speed is steady. */
  readonly getsFaster?: boolean
  stop(): Promise<void>
}

export interface Load {
  readonly messages: number
  readonly sessions: number
  /** Octets of payload. */
  readonly length: number
  /** Forward-paths of each message. Default 1. */
  readonly recipients?: number
  /** False: a new connection for each message. Default true. */
  readonly reuse?: boolean
  /** True: sessions use STARTTLS, so the loader of the benchmark sends, because smtp-source does not support TLS. */
  readonly starttls?: boolean
  /** Messages sent before the clock starts. */
  readonly warmUp?: number
}

export interface Measurement {
  /** Accepted messages per second. */
  readonly accepted: number
  /** Messages per second from the first connection until the sink has the last message. */
  readonly delivered: number
  readonly cpuSeconds: number
  readonly memory: PeakMemory
}

/** Messages before the measurement, so that processes, connections and code of every relay are warm. */
const WARM_UP = 2_000
/** Factor for a relay whose code is compiled while it runs. */
const LONG_WARM_UP = 8
/** Time limit of each step, ms. */
const PATIENCE = 600_000
/** Wait, ms: work after the last delivery (settling, deleting) counts as cost of the relay. */
const SETTLE = 1_000

/** Sends `load` through the relay and waits until the sink has all messages. */
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
