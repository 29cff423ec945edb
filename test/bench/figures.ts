// Single figures: time of a restart, memory for a large message, time until the 250.

import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../lib/free-port.ts'
import { startSmtpSink } from '../lib/peers/smtp-sink.ts'
import type { RelayRow } from './all-rows.ts'
import { watchMemory } from './process-tree.ts'
import { fillQueue } from './queue-fill.ts'
import { startRelay } from './relays.ts'
import type { RelayName } from './report.ts'
import { send } from './round.ts'
import { runLoad } from './run-load.ts'
import { startWaypostRelay } from './waypost-relay.ts'

export interface Figure {
  readonly name: string
  readonly found: string
  readonly aim: string
  /** Null where there is no aim. */
  readonly met: boolean | null
}

interface Around {
  readonly main: RelayRow
  readonly wanted: (row: { readonly name: string }) => boolean
  readonly say: (line: string) => void
}

const QUEUED = 100_000
const READY_AIM = 2
/** MiB, with that queue. */
const RSS_AIM = 256
const LARGE = 50_000_000
const LARGE_AIM = 16
/** Sampling interval, ms: a large message passes within seconds. */
const CLOSE_LOOKS = 50
const HALF_LOAD_SECONDS = 15
const WARM_UP_SECONDS = 8
const PATIENCE = 120_000

export async function measureFigures({ main, wanted, say }: Around): Promise<Figure[]> {
  const restart = 'restart with 100 000 queued'
  const large = 'memory for a 50 MB message'
  const half = 'half load'
  const figures: Figure[] = []
  const add = (found: readonly Figure[]): void => {
    figures.push(...found)
    for (const figure of found) say(`${figure.name}: ${figure.found}`)
  }
  if (wanted({ name: restart })) add(await restarts(restart))
  if (wanted({ name: large })) add(await largeMessages(large))
  if (wanted({ name: half })) {
    add([await halfLoad('postfix', main.postfix.delivered / 2), await halfLoad('waypost', main.waypost.delivered / 2)])
    add([await halfLoad('waypost', main.postfix.delivered / 2)])
  }
  return figures
}

/** Restarts after a stop, and after a crash under load. */
async function restarts(name: string): Promise<Figure[]> {
  const filled = await fillQueue(QUEUED, `smtp:[127.0.0.1]:${await freePort()}`, 'deferred')
  const sink = await startSmtpSink()
  const start = () => startWaypostRelay({ sinkPort: sink.port, sessions: 50, data: filled.data })
  try {
    await (await start()).stop()
    const calm = await start()
    await send(calm, sink, { messages: 5000, sessions: 50, length: 4096 })
    await sleep(1000)
    const memory = watchMemory(calm.pid).stop()
    await calm.kill()
    const crashed = await start()
    await crashed.stop()
    const again = await start()
    await again.stop()
    const ready = (when: string, seconds: number): Figure => ({
      name: `${name}, ${when}`,
      found: `${seconds.toFixed(2)} s to ready`,
      aim: `< ${READY_AIM} s`,
      met: seconds < READY_AIM,
    })
    return [
      ready('after a stop', again.readyAfter),
      ready('after a crash under load', crashed.readyAfter),
      memoryFigure('memory with 100 000 queued, after 5 000 live messages', memory.rss),
    ]
  } finally {
    await sink.stop()
    filled.remove()
  }
}

export function memoryFigure(name: string, rss: number): Figure {
  return { name, found: `RSS ${rss.toFixed(0)} MiB`, aim: `< ${RSS_AIM} MiB`, met: rss < RSS_AIM }
}

/** The first large message after small ones, and the next one. */
async function largeMessages(name: string): Promise<Figure[]> {
  const sink = await startSmtpSink()
  const relay = await startWaypostRelay({ sinkPort: sink.port, sessions: 50 })
  const added = async () => {
    await sleep(1000)
    const before = watchMemory(relay.pid).stop()
    const memory = watchMemory(relay.pid, CLOSE_LOOKS)
    await send(relay, sink, { messages: 1, sessions: 1, length: LARGE })
    return memory.stop().rss - before.rss
  }
  try {
    await send(relay, sink, { messages: 10_000, sessions: 50, length: 4096 })
    const figure = (which: string, found: number): Figure => ({
      name: `${name}, ${which}`,
      found: `${found.toFixed(1)} MiB`,
      aim: `< ${LARGE_AIM} MiB`,
      met: found < LARGE_AIM,
    })
    return [figure('the first', await added()), figure('the next', await added())]
  } finally {
    await relay.stop()
    await sink.stop()
  }
}

async function halfLoad(name: RelayName, rate: number): Promise<Figure> {
  const sink = await startSmtpSink()
  const relay = await startRelay(name, { sinkPort: sink.port, sessions: 50 })
  try {
    const order = { port: relay.port, sessions: 50, length: 4096, starttls: false }
    const load = { ...order, rate, messages: Math.round(rate * HALF_LOAD_SECONDS) }
    await runLoad({ ...order, rate, messages: Math.round(rate * WARM_UP_SECONDS) }, PATIENCE)
    const { p50, p99, max } = await runLoad(load, PATIENCE)
    const found = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(0)} ms`
    return { name: `acceptance at half load: ${name} at ${rate.toFixed(0)} msg/s`, found, aim: '', met: null }
  } finally {
    await relay.stop()
    await sink.stop()
  }
}
