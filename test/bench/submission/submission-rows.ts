// `npm run bench -- submission`: mail of users who log in, through a node with the role submission, beside Postfix with Dovecot and a signer.
// All mail servers run from the start to the end and work in turns, because the speed of a machine varies.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SmtpSink, startSmtpSink } from '../../lib/peers/smtp-sink.ts'
import { profiledShare } from '../profile-shares.ts'
import { startTlsSink } from '../tls-sink.ts'
import { measureTurn, type Turn } from '../turn.ts'
import { checkContender } from './submission-check.ts'
import {
  type Contender,
  contenderNames,
  startContender,
  startWaypost,
  type Surroundings,
} from './submission-contenders.ts'
import { runSubmissionLoad } from './submission-load.ts'
import type { SubmissionAnswer } from './submission-load-order.ts'
import {
  compare,
  isMet,
  type LoadName,
  loads,
  type SubmissionResults,
  type SubmissionRow,
} from './submission-results.ts'
import { makeWorld } from './submission-world.ts'

export interface SubmissionChoice {
  readonly messages: number
  readonly rounds: number
  readonly sessions: number
  /** Part of the names of the mail servers; empty for all. */
  readonly only: string
  /** Part of the names of the loads; empty for all. */
  readonly rows: string
  readonly say: (line: string) => void
}

/** Messages before the first turn: code is compiled while it runs. */
const WARM_UP = { postfix: 500, waypost: 4000 } as const

interface Running {
  readonly contender: Contender
  readonly sink: SmtpSink
}

export async function measureSubmission(choice: SubmissionChoice): Promise<SubmissionResults> {
  const { messages, sessions, say } = choice
  const folder = mkdtempSync(join(tmpdir(), 'waypost-bench-submission-'))
  const stops: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true })]
  try {
    const around: Surroundings = { world: makeWorld(folder), sessions }
    const running: Running[] = []
    for (const name of contenderNames.filter((one) => one.includes(choice.only))) {
      const contender = await startContender(name, around)
      stops.push(() => contender.stop())
      await checkContender(contender, around.world)
      say(`${name}: passwords are checked, and mail is signed`)
      const sink = await startSmtpSink([], contender.sinkPort)
      stops.push(() => sink.stop())
      running.push({ contender, sink })
    }
    const rows: SubmissionRow[] = []
    const ceilings = new Map<LoadName, number>()
    for (const { name, perSession } of loads.filter((one) => one.name.includes(choice.rows))) {
      const spec = { load: name, perSession, around, choice }
      rows.push(...(await turnsOf(running, spec)))
      const ceiling = await ceilingOf(spec)
      say(`${name}: ${ceiling.toFixed(0)}/s with a server that only replies`)
      ceilings.set(name, ceiling)
    }
    const postfixVersion = running.find(({ contender }) => contender.version !== '')?.contender.version ?? ''
    const profiles = new Map<LoadName, string>()
    for (const { load } of compare(rows).filter((one) => !isMet(one).rate || !isMet(one).wait))
      if (!profiles.has(load)) profiles.set(load, await profileOf(load, around, choice))
    return { rows, messages, sessions, postfixVersion, ceilings, profiles }
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

interface Turns {
  readonly load: LoadName
  readonly perSession: number | null
  readonly around: Surroundings
  readonly choice: SubmissionChoice
}

async function turnsOf(running: readonly Running[], spec: Turns): Promise<SubmissionRow[]> {
  const { load, choice } = spec
  const turns = new Map<Running, Turn<SubmissionAnswer>[]>(running.map((one) => [one, []]))
  for (const one of running) {
    const isPostfix = one.contender.name.startsWith('Postfix')
    await turnOf(one, spec, Math.min(choice.messages, isPostfix ? WARM_UP.postfix : WARM_UP.waypost))
  }
  for (let round = 1; round <= choice.rounds; round++) {
    for (const one of running) {
      const turn = await turnOf(one, spec, choice.messages)
      turns.get(one)?.push(turn)
      const { rate, cpu, answer } = turn
      const waits = `reply p50 ${answer.reply.p50.toFixed(0)} ms, p99 ${answer.reply.p99.toFixed(0)} ms`
      const logins = `AUTH p50 ${answer.login.p50.toFixed(0)} ms, p99 ${answer.login.p99.toFixed(0)} ms`
      const figures = `${rate.toFixed(0)}/s, ${cpu.toFixed(2)} ms of CPU, ${waits}, ${logins}`
      choice.say(`${load}, round ${round} ${one.contender.name}: ${figures}`)
    }
  }
  return running.map((one) => ({ load, name: one.contender.name, turns: turns.get(one) ?? [] }))
}

function turnOf({ contender, sink }: Running, { perSession, around }: Turns, messages: number) {
  const order = { port: contender.port, users: around.world.users, sessions: around.sessions, messages, perSession }
  return measureTurn(contender.pids, sink, { messages, send: () => runSubmissionLoad(order) })
}

/** Messages per second without a mail server: the loader uses the machine too. */
async function ceilingOf({ perSession, around: { world, sessions }, choice: { messages } }: Turns): Promise<number> {
  const identity = { certificate: readFileSync(world.certificate, 'utf8'), key: readFileSync(world.key, 'utf8') }
  const sink = await startTlsSink(identity, true)
  try {
    const order = { port: sink.port, users: world.users, sessions, messages, perSession }
    const { seconds } = await runSubmissionLoad(order)
    return messages / seconds
  } finally {
    await sink.stop()
  }
}

/** A node alone under the profiler. */
function profileOf(load: LoadName, around: Surroundings, choice: SubmissionChoice): Promise<string> {
  const perSession = loads.find(({ name }) => name === load)?.perSession ?? null
  return profiledShare(async (profiles) => {
    const contender = await startWaypost('Waypost', around, { keys: ['rsa'], profiles })
    await checkContender(contender, around.world)
    const sink = await startSmtpSink([], contender.sinkPort)
    try {
      await turnOf({ contender, sink }, { load, perSession, around, choice }, choice.messages)
    } finally {
      await contender.stop()
      await sink.stop()
    }
  })
}
