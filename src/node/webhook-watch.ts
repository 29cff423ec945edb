// Webhooks of a running node: follows the ledger, keeps what each target has still to get, and sends it. After a kill the ledger is read
// again from the time up to which its events are known, so that none is lost between its commit and the queue of webhooks.

import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { Event } from '../observe/events.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { DailyKey } from '../privacy/daily-key.ts'
import { createPrivacy, type Privacy } from '../privacy/treatment.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { openStateClient, type StateFile } from '../state/thread/state-file-client.ts'
import type { StateChannel, StateTables } from '../state/thread/state-messages.ts'
import type { HookQueue, QueuedHook } from '../state/webhook-contract.ts'
import { createHookSender, type HookReport, type HookSender } from '../webhooks/hook-sender.ts'
import { hookBody } from '../webhooks/hook-body.ts'
import type { HookTarget } from '../webhooks/hook-target.ts'
import { createCommandRunner } from '../webhooks/hook-command.ts'
import { createHttpsSender } from '../webhooks/send-https.ts'
import { webhooksPath } from '../wiring/node-paths.ts'
import { webhookTargets } from '../wiring/webhook-settings.ts'

export interface WebhookWatch {
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  /** Reads what the last run left, and begins to send. */
  start(): Promise<void>
  /** Gives something beside the events to targets. Rejects if it cannot be kept; repeat it then, with the same key. */
  send(targets: readonly string[], hook: Omit<QueuedHook, 'id'>): Promise<void>
  close(): Promise<void>
}

export interface WebhookPorts {
  readonly state: StateChannel
  readonly clock: Clock
  readonly queue: Pick<OpenQueue, 'subscribe' | 'reader'>
  readonly log: Pick<Log, 'warn' | 'info' | 'error'>
  /** The key of the hashes in bodies. */
  readonly hashKey: Pick<DailyKey, 'current'>
}

/** Events that wait for one target; the oldest is dropped. Some megabytes. */
export const MOST_WAITING = 10_000
/** Events are committed by several writers, not in the order of their times: so much of the ledger is read again. */
const OVERLAP_MS = 60_000
const HOUR_MS = 3_600_000
/** Longer than the overlap, and than any pause of a clock. */
const REMEMBERED_MS = 24 * HOUR_MS
const TICK_MS = 60_000
/** A target that fails for so long is a matter for the operator. */
const TROUBLE_MS = 10 * 60_000

interface Running {
  readonly target: HookTarget
  readonly sender: HookSender
  readonly counts: Record<HookReport['kind'] | 'dropped', number>
  /** Monotonic time at which an event was dropped or given up. */
  lostAt: number | null
}

/** Null without targets. */
export function watchWebhooks(config: Config, ports: WebhookPorts): WebhookWatch | null {
  const targets = webhookTargets(config)
  return targets.length === 0 ? null : startWatch(config, targets, ports)
}

function startWatch(config: Config, targets: readonly HookTarget[], ports: WebhookPorts): WebhookWatch {
  const { clock, queue, log } = ports
  const { hostname } = config
  const privacy = createPrivacy({
    ...config.privacy.webhooks,
    subjects: 'drop',
    hashKey: () => ports.hashKey.current(),
  })
  let hasGap = true
  const file = openFile(webhooksPath(config), { ...ports, changed: () => (hasGap = true) })
  const hooks = safeQueue(file)
  const running = targets.map((target) => createRunning(target, hooks, ports))
  const take = async (events: readonly Event[]) => {
    await Promise.all(running.map((one) => takeEvents(one, events, { hooks, hostname, privacy, clock })))
  }
  const kinds = [...new Set(targets.flatMap(({ events }) => events))]
  const readAgain = async () => {
    const readTo = await hooks.readTo()
    // At the first start there is no news.
    if (readTo !== null)
      for await (const events of queue.reader.ledger({ since: readTo - OVERLAP_MS, kinds })) await take(events)
    await hooks.markRead(clock.now())
  }
  // What was committed while the file could not be used, or just before a kill.
  const follow = async () => {
    try {
      hasGap = false
      await readAgain()
    } catch (error) {
      hasGap = true
      log.warn({ cause: errorText(error) }, 'the ledger cannot be read for webhooks; the node tries again')
    }
  }
  queue.subscribe((events) => void take(events))
  const tick = clock.every(TICK_MS, () => {
    if (hasGap) void follow()
    else if (file.problem === null) void hooks.markRead(clock.now())
    void hooks.purge(clock.now() - REMEMBERED_MS)
    for (const { sender } of running) sender.due()
  })
  return {
    health: { name: 'webhooks', check: () => healthOf(running, { clock, problem: file.problem }) },
    metrics: metricsOf(running, hooks),
    start: async () => {
      await follow()
      for (const { sender } of running) sender.due()
    },
    send: async (names, hook) => {
      for (const { target, sender } of running.filter((one) => names.includes(one.target.name))) {
        await hooks.add(target.name, [hook], MOST_WAITING)
        sender.due()
      }
      if (file.problem !== null) throw new Error(`the queue of webhooks cannot be used: ${file.problem}`)
    },
    close: () => {
      tick.cancel()
      for (const { sender } of running) sender.close()
      return file.close()
    },
  }
}

function openFile(
  path: string,
  { state, log, changed }: WebhookPorts & { readonly changed: () => void },
): StateFile<StateTables['webhooks']> {
  return openStateClient(
    { kind: 'webhooks', path },
    {
      channel: state,
      changed: (problem) => {
        changed()
        if (problem === null) log.info({ file: path }, 'the queue of webhooks can be used again')
        else log.error({ file: path, cause: problem }, 'the queue of webhooks cannot be used; no target is informed')
      },
      setAside: ({ path: aside, cause }) =>
        log.error({ file: path, aside, cause }, 'the queue of webhooks is damaged; it was set aside and begins empty'),
    },
  )
}

/** The queue as if nothing waited while its file cannot be used. */
function safeQueue(file: StateFile<StateTables['webhooks']>): HookQueue {
  return {
    add: async (target, hooks, most) => (await file.ask.add(target, hooks, most)) ?? 0,
    next: (target) => file.ask.next(target),
    finish: async (id) => void (await file.ask.finish(id)),
    waiting: async (target) => (await file.ask.waiting(target)) ?? 0,
    readTo: () => file.ask.readTo(),
    markRead: async (at) => void (await file.ask.markRead(at)),
    purge: async (before) => void (await file.ask.purge(before)),
  }
}

function createRunning(target: HookTarget, queue: HookQueue, { clock, log }: WebhookPorts): Running {
  const counts = { delivered: 0, failed: 0, 'given-up': 0, dropped: 0 }
  const [https, command] = [createHttpsSender(clock), createCommandRunner(clock)]
  const one: Running = {
    target,
    counts,
    lostAt: null,
    sender: createHookSender(target.name, {
      queue,
      clock,
      send: (body, signal) => (target.kind === 'https' ? https(target, body, signal) : command(target, body, signal)),
      report: (report) => {
        counts[report.kind]++
        const { name } = target
        if (report.kind === 'given-up') one.lostAt = clock.monotonic()
        if (report.kind === 'failed' && report.failures === 1)
          log.warn({ target: name, cause: report.cause, inMs: report.inMs }, 'a webhook failed; it is tried again')
        if (report.kind === 'given-up') log.error({ target: name }, 'a webhook was given up after three days')
      },
    }),
  }
  return one
}

async function takeEvents(
  one: Running,
  events: readonly Event[],
  {
    hooks,
    hostname,
    privacy,
    clock,
  }: {
    readonly hooks: HookQueue
    readonly hostname: string
    readonly privacy: Privacy
    readonly clock: Pick<Clock, 'monotonic'>
  },
): Promise<void> {
  const { target, sender, counts } = one
  const wanted = events.filter(({ kind }) => target.events.includes(kind))
  if (wanted.length === 0) return
  const bodies = wanted.map((event) => ({ ...hookBody(event, hostname, privacy), at: event.at }))
  const dropped = await hooks.add(target.name, bodies, MOST_WAITING)
  counts.dropped += dropped
  if (dropped > 0) one.lostAt = clock.monotonic()
  sender.due()
}

function healthOf(
  running: readonly Running[],
  { clock, problem }: { readonly clock: Pick<Clock, 'monotonic'>; readonly problem: string | null },
): Health {
  const now = clock.monotonic()
  const reasons = running.flatMap(({ target: { name }, sender: { trouble }, lostAt }) => [
    ...(trouble && now - trouble.since > TROUBLE_MS ? [`${name} fails: ${trouble.cause}`] : []),
    ...(lostAt !== null && now - lostAt < HOUR_MS ? [`events for ${name} were dropped in the last hour`] : []),
  ])
  const all = problem === null ? reasons : [`the queue of webhooks cannot be used: ${problem}`, ...reasons]
  return all.length === 0 ? { kind: 'ok' } : { kind: 'degraded', reason: all.join('; ') }
}

function metricsOf(running: readonly Running[], hooks: HookQueue): readonly GaugeSource[] {
  return [
    {
      name: 'waypost_webhooks_total',
      help: 'Webhooks by target and result: `delivered`, `failed` (attempts, which are repeated), `given-up` (after three days), `dropped` (too many waited).',
      labels: ['target', 'result'],
      isCounter: true,
      read: () =>
        running.flatMap(({ target, counts }) =>
          Object.entries(counts).map(([result, value]) => ({ labels: { target: target.name, result }, value })),
        ),
    },
    {
      name: 'waypost_webhooks_waiting',
      help: 'Events that wait for a target.',
      labels: ['target'],
      read: () =>
        Promise.all(
          running.map(async ({ target: { name } }) => ({ labels: { target: name }, value: await hooks.waiting(name) })),
        ),
    },
  ]
}
