// `npm run bench`: compares the rate of a relaying node with Postfix (default settings) on the same machine in the same run.
// Options: --messages N --rounds N --sessions N --only postfix|waypost for the main row; --all for every row of docs/benchmarks.md (about
// 25 minutes, half of that with --rounds 1), --rows TEXT for rows whose name contains it, --write to write docs/benchmarks.md.
// `npm run bench -- mx`: the section about mail from the internet (mx/mx-run.ts).
// `npm run bench -- submission`: the section about mail of users (submission/submission-run.ts).
// `npm run bench -- idle`: the section about idle nodes and commands (idle/idle-run.ts).

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { missingPeers } from '../lib/peers/ensure.ts'
import { measureAll } from './all-rows.ts'
import { formatAll } from './all-report.ts'
import { IDLE_HEADING } from './idle/idle-report.ts'
import { runIdleBenchmark } from './idle/idle-run.ts'
import { describeMachine } from './machine.ts'
import { MX_HEADING } from './mx/mx-report.ts'
import { enterMxNamespace, runMxBenchmark } from './mx/mx-run.ts'
import { sectionOf, withSection } from './page-section.ts'
import { freshRound } from './relays.ts'
import { formatPage, formatTable, type RelayName } from './report.ts'
import type { Load, Measurement } from './round.ts'
import { SUBMISSION_HEADING } from './submission/submission-report.ts'
import { runSubmissionBenchmark } from './submission/submission-run.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    messages: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    sessions: { type: 'string', default: '50' },
    only: { type: 'string' },
    all: { type: 'boolean', default: false },
    rows: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function mainRow(): Promise<string> {
  const load: Load = { messages: Number(options.messages), sessions: Number(options.sessions), length: 4096 }
  const names = (['postfix', 'waypost'] as const).filter((name) => options.only === undefined || options.only === name)
  say(`${load.messages} messages of ${load.length} octets, ${load.sessions} sessions, ${options.rounds} rounds each\n`)
  const results = new Map<RelayName, Measurement[]>(names.map((name) => [name, []]))
  let postfixVersion = ''
  for (let turn = 1; turn <= Number(options.rounds); turn++) {
    for (const name of names) {
      const measured = await freshRound(name, load)
      if (measured.version !== undefined) postfixVersion = measured.version
      results.get(name)?.push(measured)
      const { accepted, delivered } = measured
      say(`round ${turn} ${name}: ${accepted.toFixed(0)} accepted/s, ${delivered.toFixed(0)} delivered/s`)
    }
  }
  say(`\n${formatTable(results)}`)
  return formatPage({ ...page, load, postfixVersion }, results)
}

const benchmarks = join(import.meta.dirname, '../../docs/benchmarks.md')

async function relayPage(): Promise<string> {
  const every = options.all || options.rows !== undefined
  const choice = { only: options.rows ?? '', rounds: Math.max(1, Number(options.rounds)), say }
  const text = every ? formatAll(page, await measureAll(choice)) : await mainRow()
  if (every) say(`\n${text}`)
  const old = readFileSync(benchmarks, 'utf8')
  return [MX_HEADING, SUBMISSION_HEADING, IDLE_HEADING].reduce((result, heading) => {
    const section = sectionOf(old, heading)
    return section === null ? result : withSection(result, heading, section)
  }, text)
}

async function sectionPage(heading: string, run: typeof runMxBenchmark): Promise<string> {
  const section = await run(page, { ...options, say })
  say(`\n${section}`)
  return withSection(readFileSync(benchmarks, 'utf8'), heading, section)
}

function pageOf(benchmark: string | undefined): Promise<string> {
  if (benchmark === 'mx') return sectionPage(MX_HEADING, runMxBenchmark)
  if (benchmark === 'submission') return sectionPage(SUBMISSION_HEADING, runSubmissionBenchmark)
  if (benchmark === 'idle') return sectionPage(IDLE_HEADING, runIdleBenchmark)
  return relayPage()
}

if (positionals[0] === 'mx') enterMxNamespace()
const missing = missingPeers(positionals[0] === 'idle' ? [] : ['postfix'])
if (missing.length > 0) throw new Error(`the benchmark needs Postfix: ${missing.join('; ')}`)
const machine = describeMachine()
const command = ['npm run bench --', ...process.argv.slice(2)].join(' ')
const page = { machine, command, date: new Date().toISOString().slice(0, 10) }
say(
  `${machine.processor}, ${machine.cores} cores, fdatasync of 4 KiB ${machine.syncMs.toFixed(2)} ms, Node ${machine.node}`,
)
const text = await pageOf(positionals[0])
if (options.write) {
  writeFileSync(benchmarks, text)
  say('wrote docs/benchmarks.md')
}
