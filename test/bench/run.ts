// `npm run bench`: how much mail does a node relay, beside Postfix with its defaults on the same machine in the same run?
// Options: --messages N --rounds N --sessions N --only postfix|waypost, and --write for docs/benchmarks.md.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { missingPeers } from '../lib/peers/ensure.ts'
import { startPostfix } from '../lib/peers/postfix.ts'
import { startSmtpSink } from '../lib/peers/smtp-sink.ts'
import { describeMachine } from './machine.ts'
import { formatPage, formatTable, type RelayName } from './report.ts'
import { type Load, type Measurement, measureRound, type Relay } from './round.ts'
import { startWaypostRelay } from './waypost-relay.ts'

const { values: options } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    sessions: { type: 'string', default: '50' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const load: Load = { messages: Number(options.messages), sessions: Number(options.sessions), length: 4096 }
const names = (['postfix', 'waypost'] as const).filter((name) => options.only === undefined || options.only === name)

const start: Readonly<Record<RelayName, (sinkPort: number) => Promise<Relay & { readonly version?: string }>>> = {
  postfix: async (sinkPort) => {
    const postfix = await startPostfix({ relayhost: `[127.0.0.1]:${sinkPort}`, log: false })
    return { ...postfix, version: postfix.run('postconf', '-h', 'mail_version').trim() }
  },
  waypost: (sinkPort) => startWaypostRelay(sinkPort, load.sessions),
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)
let postfixVersion = ''

/** A fresh relay and a fresh sink, so that no round inherits anything. */
async function round(name: RelayName): Promise<Measurement> {
  const sink = await startSmtpSink()
  try {
    const relay = await start[name](sink.port)
    if (relay.version !== undefined) postfixVersion = relay.version
    try {
      return await measureRound(relay, sink, load)
    } finally {
      await relay.stop()
    }
  } finally {
    await sink.stop()
  }
}

const missing = missingPeers(['postfix'])
if (missing.length > 0) throw new Error(`the benchmark needs Postfix: ${missing.join('; ')}`)
const machine = describeMachine()
say(
  `${machine.processor}, ${machine.cores} cores, fdatasync of 4 KiB ${machine.syncMs.toFixed(2)} ms, Node ${machine.node}`,
)
say(`${load.messages} messages of ${load.length} octets, ${load.sessions} sessions, ${options.rounds} rounds each\n`)

const results = new Map<RelayName, Measurement[]>(names.map((name) => [name, []]))
for (let turn = 1; turn <= Number(options.rounds); turn++) {
  for (const name of names) {
    const measured = await round(name)
    results.get(name)?.push(measured)
    const { accepted, delivered } = measured
    say(`round ${turn} ${name}: ${accepted.toFixed(0)} accepted/s, ${delivered.toFixed(0)} delivered/s`)
  }
}
say(`\n${formatTable(results)}`)

if (options.write) {
  const given = process.argv.slice(2).join(' ')
  const run = {
    machine,
    load,
    postfixVersion,
    command: `npm run bench -- ${given}`,
    date: new Date().toISOString().slice(0, 10),
  }
  writeFileSync(join(import.meta.dirname, '../../docs/benchmarks.md'), formatPage(run, results))
  say('written: docs/benchmarks.md')
}
