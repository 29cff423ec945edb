// The probe of a running node: sends, recognizes what comes back, gives up what does not, and records each result in the ledger, from which
// the state is rebuilt at the start.

import type { Agent } from '../delivery/attempt/agent.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { formatDuration } from '../lib/duration.ts'
import { errorText, type Log } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import { readFields } from '../message/header.ts'
import type { Event, ProbeResultEvent } from '../observe/events.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource, HistogramSource } from '../observe/metrics.ts'
import { groupOfHost, groupOfWay, missingHops, readHops } from '../probe/probe-hops.ts'
import type { ProbeHop, ProbeResult } from '../probe/probe-result.ts'
import { createProbeTable, type OpenProbe, type ProbeTable } from '../probe/probe-table.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { readProbeId } from '../smtp/probe-token.ts'
import { type ProbeSettings, probeSettings } from '../wiring/probe-settings.ts'
import { type ProbeArrival, takeProbes } from './probe-arrival.ts'
import { createProbeMetrics, describeResult, lastSeen, type ProbeMetrics } from './probe-metrics.ts'
import { type ProbeSenderPorts, sendProbe } from './probe-sender.ts'

export interface ProbeWatch {
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  readonly histogram: HistogramSource
  /** The agent with the end of probes. */
  agent(others: Agent): Agent
  /** True for the Message-ID of a probe of the fleet. */
  isProbe(messageId: string | null): boolean
  /** Requests of commands. */
  readonly requests: readonly [string, () => Promise<object>][]
  start(): Promise<void>
  close(): Promise<void>
}

export interface ProbeWatchPorts extends Pick<ProbeSenderPorts, 'prepare'> {
  readonly queue: Pick<OpenQueue, 'accept' | 'control' | 'record' | 'reader' | 'subscribe'>
  readonly clock: Clock
  readonly log: Pick<Log, 'warn' | 'info' | 'bug'>
}

/** How exactly intervals and limits are kept. */
const TICK_MS = 1000
/** Name of the program that removes probes. */
const BY = 'probe'
/** Results that are read from the ledger at the start go back this far, ms. */
const REMEMBERED_MS = 86_400_000

/** Null without the section. */
export function watchProbe(config: Config, ports: ProbeWatchPorts): ProbeWatch | null {
  const settings = probeSettings(config)
  return settings === null ? null : startWatch(settings, ports)
}

interface Parts extends ProbeWatchPorts {
  readonly settings: ProbeSettings
  readonly table: ProbeTable
  readonly metrics: ProbeMetrics
}

function startWatch(settings: ProbeSettings, ports: ProbeWatchPorts): ProbeWatch {
  const { clock, queue, log } = ports
  const table = createProbeTable(
    settings.targets.map(({ name }) => name),
    settings.alertAfter,
  )
  const metrics = createProbeMetrics(settings, table)
  const parts: Parts = { ...ports, settings, table, metrics }
  queue.subscribe((events) => {
    for (const event of events) follow(parts, event)
  })
  // What arrives before the state is known would look like a repetition.
  const known = Promise.withResolvers<void>()
  let timer: { cancel(): void } | null = null
  let isClosed = false
  const running = new Set<Promise<unknown>>()
  const safely = (work: Promise<unknown>) => {
    const one = work.catch((error: unknown) => log.bug(error, 'probe')).finally(() => running.delete(one))
    running.add(one)
  }
  const tick = () => {
    for (const probe of table.sentBefore(clock.now() - settings.waitMs)) safely(giveUp(parts, probe))
    for (const target of dueTargets(parts)) safely(send(parts, target))
  }
  return {
    health: metrics.health,
    metrics: metrics.metrics,
    histogram: metrics.histogram,
    agent: (others) =>
      takeProbes(others, settings, async (arrival) => {
        await known.promise
        await arrive(parts, arrival)
      }),
    isProbe: (messageId) => readProbeId(messageId, settings.secrets, clock.now()) !== null,
    requests: requestsOf(parts),
    start: async () => {
      await rebuild(parts)
      known.resolve()
      if (isClosed) return
      tick()
      timer = clock.every(TICK_MS, tick)
    },
    close: async () => {
      isClosed = true
      known.resolve()
      timer?.cancel()
      await Promise.all(running)
    },
  }
}

function dueTargets({ settings, table, clock }: Parts): readonly ProbeSettings['targets'][number][] {
  const now = clock.now()
  const last = new Map(table.states().map(({ name, lastSentAt }) => [name, lastSentAt]))
  return settings.targets.filter(({ name }) => {
    const at = last.get(name) ?? null
    // A clock that was set back must not stop the probe.
    return at === null || now - at >= settings.everyMs || at > now
  })
}

/** Returns the ID of the probe; null if too many are under way. */
async function send(parts: Parts, target: ProbeSettings['targets'][number]): Promise<string | null> {
  const { settings, table, clock } = parts
  const { name } = target
  table.tried(name, clock.now())
  if (!table.mayAdd(name)) return null
  const sent = await sendProbe(settings, target, {
    ...parts,
    random: systemRandom,
    queued: ({ id, queueId, sentAt }) =>
      table.add({ target: name, id, queueId, sentAt, handed: null, lastReply: null }),
  })
  const { id, sentAt, problem } = sent
  if (problem !== null) await finish(parts, { target: name, id, queueId: null, sentAt, ...bad('refused', problem) })
  return id
}

function bad(outcome: 'refused' | 'missing', detail: string) {
  return { outcome, detail, ms: null, group: 'other', hops: [] } as const
}

/** The ledger event goes first: after a kill the state is that of the ledger. */
async function finish(parts: Parts, result: ProbeResult): Promise<void> {
  const { table, metrics, queue, clock, log } = parts
  const { target, id: probe, queueId, outcome, sentAt, ms, group: provider, hops, detail } = result
  const at = clock.now()
  const change = table.finish(result)
  metrics.count(result)
  const base = { at, queueId, target }
  const facts = { ...base, probe, outcome, sentAt, ...(ms !== null && { ms }), provider, hops, detail }
  const { failures = 0 } = table.states().find(({ name }) => name === target) ?? {}
  const events: Event[] = [{ kind: 'probe-result', ...facts }]
  if (change !== null)
    events.push({ kind: 'probe-alert', ...base, state: change, failures, detail: describeResult(result) })
  if (change === 'failing') log.warn({ target, cause: describeResult(result) }, 'a target of the probe fails')
  if (change === 'working') log.info({ target }, 'a target of the probe works again')
  await queue.record(events).catch((error: unknown) => {
    // The queue reports its own failure; the state in memory is right.
    log.warn({ target, cause: errorText(error) }, 'the result of a probe cannot be recorded')
  })
}

/** What the ledger says about the message at this node. */
function follow(parts: Parts, event: Event): void {
  const { table, settings, log } = parts
  if (event.kind !== 'delivered' && event.kind !== 'failed' && event.kind !== 'expired' && event.kind !== 'deferred')
    return
  const probe = event.queueId === null ? null : table.byQueueId(event.queueId)
  if (probe === null) return
  const { until } = settings.targets.find(({ name }) => name === probe.target) ?? {}
  const safely = (result: ProbeResult) => void finish(parts, result).catch((error: unknown) => log.bug(error, 'probe'))
  const facts = { target: probe.target, id: probe.id, queueId: probe.queueId, sentAt: probe.sentAt }
  if (event.kind === 'deferred') {
    probe.lastReply = event.reply
    return
  }
  if (event.kind !== 'delivered') return safely({ ...facts, ...bad('refused', event.reply) })
  const by = (event.host ?? 'unknown').replace(/\[.*$/, '')
  const ms = Math.max(0, event.at - probe.sentAt)
  probe.handed = { by, group: groupOfHost(by, settings.fleet), ms }
  if (until === 'accepted')
    safely({ ...facts, outcome: 'accepted', ms, group: probe.handed.group, hops: [probe.handed], detail: '' })
}

async function giveUp(parts: Parts, probe: OpenProbe): Promise<void> {
  const { settings, queue, log } = parts
  const { target, id, queueId, sentAt, handed, lastReply } = probe
  // The list of the tick is a copy, and the probe may have arrived.
  if (parts.table.byId(id) === null) return
  const seen = lastReply === null || handed !== null ? lastSeen(handed) : `the last reply is: ${lastReply}`
  const detail = `no ${until(settings, target)} within ${formatDuration(settings.waitMs)}; ${seen}`
  const hops = handed === null ? [] : [handed]
  await finish(parts, { target, id, queueId, sentAt, ...bad('missing', detail), hops })
  if (handed !== null) return
  // Probes of hours that wait for one dead server would all be sent when it is back.
  await queue
    .control({ action: 'remove', filter: { queueIds: [queueId] }, by: BY, reason: 'the probe is missing' })
    .catch((error: unknown) => log.warn({ cause: errorText(error) }, 'a missing probe cannot be removed'))
}

function until({ targets }: ProbeSettings, target: string): string {
  return targets.find(({ name }) => name === target)?.until === 'accepted' ? 'reply 250' : 'arrival'
}

async function arrive(parts: Parts, { token, claim }: ProbeArrival): Promise<void> {
  const { table, metrics, settings } = parts
  const open = table.byId(token.id)
  const probe = open ?? table.takeGivenUp(token.id)
  if (probe === null) return metrics.countUnknown(token.target)
  const { arrivedAt, header } = claim.message
  const { target, id, queueId, sentAt } = probe
  const way = withOwnTimes(readHops(readFields(header), sentAt, settings.fleet), { probe, arrivedAt, settings })
  const wanted = settings.targets.find(({ name }) => name === target)?.hops ?? []
  const missing = missingHops(wanted, way)
  const outcome = open === null ? 'late' : missing.length > 0 ? 'incomplete' : 'arrived'
  const detail = missing.length > 0 ? `it did not pass ${missing.join(', ')}` : ''
  const ms = Math.max(0, arrivedAt - sentAt)
  await finish(parts, { target, id, queueId, sentAt, outcome, ms, group: groupOfWay(way), hops: way, detail })
}

/** What this node knows itself is exact: the sending, the first delivery, and the arrival. */
function withOwnTimes(
  hops: readonly ProbeHop[],
  { probe, arrivedAt, settings: { hostname } }: { probe: OpenProbe; arrivedAt: number; settings: ProbeSettings },
): readonly ProbeHop[] {
  const last = hops.length - 1
  return hops.map((hop, index) => {
    const isOwn = hop.by.toLowerCase() === hostname
    if (isOwn && index === last) return { ...hop, ms: arrivedAt - probe.sentAt }
    if (isOwn && index === 0) return { ...hop, ms: 0 }
    return index === 1 && probe.handed?.by.toLowerCase() === hop.by.toLowerCase()
      ? { ...hop, ms: probe.handed.ms }
      : hop
  })
}

/** The probes under way and the last results, from the ledger. What happened to a message while no one looked is read from its history. */
async function rebuild(parts: Parts): Promise<void> {
  const { settings, table, queue, clock, log } = parts
  const since = clock.now() - Math.max(REMEMBERED_MS, 2 * settings.everyMs, settings.waitMs)
  const known = new Set(settings.targets.map(({ name }) => name))
  try {
    for await (const events of queue.reader.ledger({ since, kinds: ['probe-sent', 'probe-result'] }))
      for (const event of events) {
        if (event.kind === 'probe-sent' && event.queueId !== null && known.has(event.target)) {
          const { target, probe: id, queueId, at: sentAt } = event
          table.tried(target, sentAt)
          if (table.mayAdd(target) && table.byId(id) === null)
            table.add({ target, id, queueId, sentAt, handed: null, lastReply: null })
        }
        if (event.kind === 'probe-result' && known.has(event.target)) table.finish(resultOf(event))
      }
    for (const { queueId } of table.open())
      for (const event of (await queue.reader.trace(queueId)).events) follow(parts, event)
  } catch (error) {
    log.warn({ cause: errorText(error) }, 'the probes of the last run cannot be read from the ledger')
  }
}

function resultOf(event: ProbeResultEvent): ProbeResult {
  const { target, probe: id, queueId, sentAt, outcome, ms = null, provider: group, hops, detail } = event
  return { target, id, queueId, sentAt, outcome, ms, group, hops, detail }
}

/** `probe` sends to every target now, `probe NAME` to one; `probes` returns what is known. */
function requestsOf(parts: Parts): readonly [string, () => Promise<object>][] {
  const { settings, table } = parts
  const sendTo = async (targets: ProbeSettings['targets']) => {
    const sent = await Promise.all(targets.map(async (one) => ({ target: one.name, probe: await send(parts, one) })))
    return { kind: 'sent', waitMs: settings.waitMs, sent }
  }
  return [
    ['probe', () => sendTo(settings.targets)],
    ...settings.targets.map((one): [string, () => Promise<object>] => [`probe ${one.name}`, () => sendTo([one])]),
    ['probes', async () => ({ kind: 'probes', targets: table.states(), open: table.open() })],
  ]
}
