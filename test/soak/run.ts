// `npm run soak`: a million messages through an mx and an srs with faults, and the proof that nothing was lost (docs/soak.md). Exit 1 if a promise
// was broken. Options: --messages N, --hours H after which no message is begun, --rate N a second, --sessions N, --seed N, --save FILE for the
// result, --write to write docs/soak.md, --from FILE to write the page from a saved result.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from '../bench/machine.ts'
import { setup } from '../build-program.ts'
import { soak, type SoakSettings } from './soak.ts'
import { formatSoak, type SavedSoak, withResult } from './soak-report.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    hours: { type: 'string', default: '2' },
    rate: { type: 'string' },
    sessions: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    save: { type: 'string', default: join(tmpdir(), 'waypost-soak.json') },
    write: { type: 'boolean', default: false },
    from: { type: 'string' },
  },
})

const say = (line: string): void => void process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`)
const page = join(import.meta.dirname, '../../docs/soak.md')
/** Faults of a whole run, so that each kind comes some forty times. */
const FAULTS = 400
/** Messages between two faults at least, so that a short run is not one long fault. */
const LEAST_EVERY = 250
const HOUR = 3_600_000
const GIB = 2 ** 30
/** A million messages need some 3 GiB of ledger; the rest is what a full disk takes away. */
const MESSAGES_PER_GIB = 100_000

function settingsOf(): SoakSettings {
  const messages = Number(values.messages)
  return {
    messages,
    seed: Number(values.seed),
    sessions: Number(values.sessions),
    rate: values.rate === undefined ? null : Number(values.rate),
    limit: Number(values.hours) * HOUR,
    faultsEvery: Math.max(LEAST_EVERY, messages / FAULTS),
    killsUntil: 0.1,
    shortestFault: 500,
    longestFault: 3000,
    sampleEvery: 10_000,
    diskOctets: Math.ceil(1 + messages / MESSAGES_PER_GIB) * GIB,
    say,
  }
}

async function run(): Promise<SavedSoak> {
  const machine = describeMachine()
  const command = ['npm run soak --', ...process.argv.slice(2)].join(' ')
  const revision = execFileSync('git', ['-C', import.meta.dirname, 'rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
  }).trim()
  await setup()
  const result = await soak(settingsOf())
  const saved = { machine, command, date: new Date().toISOString().slice(0, 10), revision, result }
  writeFileSync(values.save, JSON.stringify(saved))
  return saved
}

/** JSON has null for NaN. */
function readSaved(file: string): SavedSoak {
  return JSON.parse(readFileSync(file, 'utf8'), (_, value: unknown) => value ?? Number.NaN) as SavedSoak
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const saved = values.from === undefined ? await run() : readSaved(values.from)
const text = formatSoak(saved)
process.stdout.write(`\n${text}`)
if (values.write) {
  writeFileSync(page, withResult(readFileSync(page, 'utf8'), text))
  say('wrote docs/soak.md')
}
process.exitCode = saved.result.broken.length > 0 ? 1 : 0
