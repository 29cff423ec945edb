// Compares checkouts of this program: `node test/bench/compare.ts --row TEXT --turns N NAME=FOLDER[,VARIABLE=VALUE|--flag ...] ...`.
// Each FOLDER is a checkout (its node_modules may be a link). The nodes run in turns, because the speed of a machine varies; the result
// is the median of the ratios within a turn.

import { parseArgs } from 'node:util'
import { startSmtpSink } from '../lib/peers/smtp-sink.ts'
import { cpuSeconds, watchMemory } from './process-tree.ts'
import { relayCases } from './relay-cases.ts'
import { type Load, send } from './round.ts'
import { startWaypostRelay } from './waypost-relay.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    row: { type: 'string', default: '4 KiB, reused connections, 1 recipient' },
    turns: { type: 'string', default: '6' },
    messages: { type: 'string' },
  },
})

const found = relayCases.find(({ name }) => name.includes(options.row))
if (!found || found.load.starttls) throw new Error(`found row ${options.row}, expected the name of a row without TLS`)
const load: Load = { ...found.load, messages: Number(options.messages ?? found.load.messages) }
/** Messages before the first turn, so that the code is compiled. */
const WARM_UPS = 3

interface Turn {
  readonly rate: number
  readonly cpu: number
  readonly rss: number
}

async function start(argument: string) {
  const [label = '', rest = ''] = argument.split(/=(.*)/s)
  const [root = '', ...variables] = rest.split(',')
  const flags = variables.filter((one) => one.startsWith('--'))
  const settings = variables.filter((one) => !one.startsWith('--'))
  const environment = Object.fromEntries(settings.map((one) => one.split(/=(.*)/s).slice(0, 2) as [string, string]))
  const sink = await startSmtpSink()
  const relay = await startWaypostRelay({ sinkPort: sink.port, sessions: load.sessions, root, environment, flags })
  return { label, sink, relay, turns: [] as Turn[] }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

const variants = await Promise.all(positionals.map(start))
for (let round = 0; round < WARM_UPS; round++) for (const { relay, sink } of variants) await send(relay, sink, load)
for (let turn = 0; turn < Number(options.turns); turn++) {
  for (const { relay, sink, turns } of turn % 2 === 0 ? variants : variants.toReversed()) {
    const before = cpuSeconds(relay.pid)
    const memory = watchMemory(relay.pid)
    const { delivered } = await send(relay, sink, load)
    const cpu = ((cpuSeconds(relay.pid) - before) * 1000) / load.messages
    turns.push({ rate: load.messages / delivered, cpu, rss: memory.stop().rss })
  }
}
const first = variants[0]?.turns ?? []
process.stdout.write(`${found.name}, ${options.turns} turns of ${load.messages} messages\n`)
for (const { label, turns, relay, sink } of variants) {
  const of = (pick: (turn: Turn) => number) => median(turns.map(pick))
  const against = (pick: (turn: Turn) => number) =>
    median(turns.map((one, place) => pick(one) / pick(first[place] as Turn))).toFixed(3)
  process.stdout.write(
    `${label}: ${of((one) => one.rate).toFixed(1)}/s (× ${against((one) => one.rate)}), ` +
      `${of((one) => one.cpu).toFixed(3)} ms (× ${against((one) => one.cpu)}), RSS ${of((one) => one.rss).toFixed(0)} MiB\n`,
  )
  await relay.stop()
  await sink.stop()
}
