// `npm run bench -- mx`: signed mail of 200 domains through a node with the role of an mx, beside Postfix with milters. All mail servers
// run from the start to the end and work in turns, because the speed of a machine varies.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDnsServers } from '../../lib/peers/dns-servers.ts'
import { type SmtpSink, startSmtpSink } from '../../lib/peers/smtp-sink.ts'
import { medianOf } from '../median.ts'
import { profiledShare } from '../profile-shares.ts'
import { measureTurn } from '../turn.ts'
import { checkContender } from './mx-check.ts'
import {
  type Contender,
  type ContenderName,
  startPostfixMx,
  startWaypostMx,
  type Surroundings,
} from './mx-contenders.ts'
import { startOpenFilters, startRspamdFilter } from './mx-filters.ts'
import { runMxLoad } from './mx-load.ts'
import { prepareMail } from './mx-mail.ts'
import { missesAim, type MxResults, type MxRow, type MxTurn } from './mx-results.ts'

export interface MxChoice {
  readonly messages: number
  readonly rounds: number
  readonly sessions: number
  /** Part of the names of the mail servers; empty for all. */
  readonly only: string
  readonly say: (line: string) => void
}

/** The resolver of all mail servers: programs without a setting for the port need port 53. */
export const RESOLVER = '127.53.53.53'
const PACED_SECONDS = 10
/** Loads before the first turn: code is compiled while it runs. */
const WARM_UP_MESSAGES = 4000
const MIN_PACED_RATE = 20

export async function measureMx(choice: MxChoice): Promise<MxResults> {
  const { say } = choice
  const folder = mkdtempSync(join(tmpdir(), 'waypost-bench-mx-'))
  const stops: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true })]
  const begun = <T extends { stop(): Promise<void> }>(one: T): T => {
    stops.push(() => one.stop())
    return one
  }
  try {
    const { senders, zones } = await prepareMail()
    const mail = join(folder, 'mail.json')
    writeFileSync(mail, JSON.stringify(senders))
    const dns = await startDnsServers(zones, { host: RESOLVER, port: 53, closed: true })
    begun({ stop: () => dns.close() })
    const around: Surroundings = { dns: RESOLVER, folder, sessions: choice.sessions }
    const contenders = await startAll(around, choice, begun)
    for (const one of contenders) {
      await checkContender(one, mail)
      say(`${one.name}: SPF, DKIM and DMARC are verified`)
    }
    const sinks = new Map<Contender, SmtpSink>()
    for (const one of contenders) sinks.set(one, begun(await startSmtpSink([], one.sinkPort)))
    const load = { mail, sessions: choice.sessions, messages: choice.messages }
    const rows = await turnsOf(contenders, { load, sinks, choice })
    const base = rows.find(({ name }) => name === 'Postfix, rspamd') ?? rows[0]
    const rate = Math.max(MIN_PACED_RATE, medianOf(base?.turns.map((turn) => turn.rate) ?? []) / 2)
    const paced: MxRow[] = []
    for (const one of contenders) {
      const row = rows.find(({ name }) => name === one.name) as MxRow
      const messages = Math.round(rate * PACED_SECONDS)
      const waits = await runMxLoad({ port: one.port, mail, sessions: choice.sessions, messages, rate })
      say(`${one.name} at ${rate.toFixed(0)}/s: p50 ${waits.p50.toFixed(1)} ms, p99 ${waits.p99.toFixed(1)} ms`)
      paced.push({ ...row, paced: waits })
    }
    const postfixVersion = contenders.find(({ version }) => version !== undefined)?.version ?? ''
    const { messages, sessions } = choice
    const profile = missesAim(paced) ? await profileOf(around, load) : null
    return { rows: paced, messages, sessions, rate, postfixVersion, profile }
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

type Begun = <T extends { stop(): Promise<void> }>(one: T) => T

async function startAll(around: Surroundings, { only }: MxChoice, begun: Begun): Promise<Contender[]> {
  const wants = (name: ContenderName) => name.includes(only)
  const usesRspamd = wants('Postfix, rspamd') || wants('Waypost, rspamd')
  const rspamd = usesRspamd ? begun(await startRspamdFilter(RESOLVER)) : null
  const started: Contender[] = []
  const add = async (name: ContenderName, start: () => Promise<Contender>) => {
    if (wants(name)) started.push(begun(await start()))
  }
  if (rspamd) await add('Postfix, rspamd', () => startPostfixMx('Postfix, rspamd', rspamd, around))
  await add('Postfix, OpenDKIM and OpenDMARC', async () =>
    startPostfixMx('Postfix, OpenDKIM and OpenDMARC', begun(await startOpenFilters(RESOLVER)), around),
  )
  await add('Waypost', () => startWaypostMx('Waypost', around))
  if (rspamd) await add('Waypost, rspamd', () => startWaypostMx('Waypost, rspamd', around, { filter: rspamd }))
  return started
}

interface Loaded {
  readonly load: { readonly mail: string; readonly sessions: number; readonly messages: number }
  readonly sinks: ReadonlyMap<Contender, SmtpSink>
  readonly choice: MxChoice
}

async function turnsOf(contenders: readonly Contender[], { load, sinks, choice }: Loaded): Promise<MxRow[]> {
  const turns = new Map<Contender, MxTurn[]>(contenders.map((one) => [one, []]))
  const carry = async (one: Contender, messages: number) =>
    measureMxTurn(one, sinks.get(one) as SmtpSink, { ...load, messages })
  for (const one of contenders)
    await carry(one, one.name.startsWith('Postfix') ? choice.messages / 4 : WARM_UP_MESSAGES)
  for (let round = 1; round <= choice.rounds; round++) {
    for (const one of contenders) {
      const turn = await carry(one, choice.messages)
      turns.get(one)?.push(turn)
      const { rate, cpu, reply } = turn
      const waits = `p50 ${reply.p50.toFixed(0)} ms, p99 ${reply.p99.toFixed(0)} ms`
      choice.say(`round ${round} ${one.name}: ${rate.toFixed(0)}/s, ${cpu.toFixed(2)} ms of CPU, ${waits}`)
    }
  }
  const paced = { p50: Number.NaN, p99: Number.NaN, max: Number.NaN }
  return contenders.map((one) => ({ name: one.name, turns: turns.get(one) ?? [], paced }))
}

async function measureMxTurn(one: Contender, sink: SmtpSink, load: Loaded['load']): Promise<MxTurn> {
  const { messages } = load
  const send = () => runMxLoad({ ...load, port: one.port, rate: null })
  const { rate, cpu, answer } = await measureTurn(one.pids, sink, { messages, send })
  return { rate, cpu, reply: { p50: answer.p50, p99: answer.p99 } }
}

/** A node alone under the profiler. */
function profileOf(around: Surroundings, load: Loaded['load']): Promise<string> {
  return profiledShare(async (profiles) => {
    const node = await startWaypostMx('Waypost', around, { profiles })
    const sink = await startSmtpSink([], node.sinkPort)
    try {
      await measureMxTurn(node, sink, load)
    } finally {
      await node.stop()
      await sink.stop()
    }
  })
}
