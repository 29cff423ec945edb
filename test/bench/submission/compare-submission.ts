// Compares checkouts of this program with mail of users who log in:
// `node test/bench/submission/compare-submission.ts --row TEXT --turns N --messages N NAME=FOLDER ...`. As test/bench/compare.ts: the nodes
// run in turns, because the speed of a machine varies; the result is the median of the ratios within a turn.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startSmtpSink } from '../../lib/peers/smtp-sink.ts'
import { medianOf } from '../median.ts'
import { measureTurn, type Turn } from '../turn.ts'
import { checkContender } from './submission-check.ts'
import { startWaypost } from './submission-contenders.ts'
import { runSubmissionLoad } from './submission-load.ts'
import type { SubmissionAnswer } from './submission-load-order.ts'
import { loads } from './submission-results.ts'
import { makeWorld } from './submission-world.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    row: { type: 'string', default: 'ten mails a session' },
    turns: { type: 'string', default: '6' },
    messages: { type: 'string', default: '1000' },
    sessions: { type: 'string', default: '50' },
  },
})
const load = loads.find(({ name }) => name.includes(options.row))
if (!load) throw new Error(`found row ${options.row}, expected one of: ${loads.map(({ name }) => name).join(', ')}`)
const [messages, sessions] = [Number(options.messages), Number(options.sessions)]
/** Messages before the first turn, so that the code is compiled. */
const WARM_UP = 4000

const folder = mkdtempSync(join(tmpdir(), 'waypost-compare-submission-'))
const world = makeWorld(folder)

async function start(argument: string) {
  const [label = '', root = ''] = argument.split(/=(.*)/s)
  const node = await startWaypost('Waypost', { world, sessions }, { keys: ['rsa'], root })
  await checkContender(node, world)
  const sink = await startSmtpSink([], node.sinkPort)
  const { port } = node
  const turn = (count: number): Promise<Turn<SubmissionAnswer>> =>
    measureTurn(node.pids, sink, {
      messages: count,
      send: () =>
        runSubmissionLoad({
          port,
          users: world.users,
          sessions,
          messages: count,
          perSession: load?.perSession ?? null,
        }),
    })
  return { label, node, sink, turn, turns: [] as Turn<SubmissionAnswer>[] }
}

const variants = []
for (const argument of positionals) variants.push(await start(argument))
for (const { turn } of variants) await turn(WARM_UP)
for (let round = 0; round < Number(options.turns); round++)
  for (const { turn, turns } of round % 2 === 0 ? variants : variants.toReversed()) turns.push(await turn(messages))

const first = variants[0]?.turns ?? []
process.stdout.write(`${load.name}, ${options.turns} turns of ${messages} messages\n`)
for (const { label, turns, node, sink } of variants) {
  const against = (pick: (turn: Turn<SubmissionAnswer>) => number) =>
    medianOf(turns.map((one, place) => pick(one) / pick(first[place] as Turn<SubmissionAnswer>))).toFixed(3)
  const figures = [
    `${medianOf(turns.map(({ rate }) => rate)).toFixed(0)}/s (× ${against(({ rate }) => rate)})`,
    `${medianOf(turns.map(({ cpu }) => cpu)).toFixed(3)} ms of CPU (× ${against(({ cpu }) => cpu)})`,
    `reply p99 ${medianOf(turns.map(({ answer }) => answer.reply.p99)).toFixed(0)} ms`,
  ]
  process.stdout.write(`${label}: ${figures.join(', ')}\n`)
  await node.stop()
  await sink.stop()
}
rmSync(folder, { recursive: true })
