// A target of alerts: what waits for it in memory, and what became of the attempts. An alert that reaches no one is shown elsewhere: in the health,
// which other targets and monitors see, and in the metrics.

import { createMemoryHooks } from '../alerts/memory-hooks.ts'
import type { Clock } from '../lib/clock.ts'
import { formatDuration } from '../lib/duration.ts'
import type { Log } from '../lib/log.ts'
import type { Health } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { createCommandRunner } from '../webhooks/hook-command.ts'
import { createHookSender, type HookReport, type HookSender } from '../webhooks/hook-sender.ts'
import type { HookTarget, SendHook } from '../webhooks/hook-target.ts'
import { createHttpsSender } from '../webhooks/send-https.ts'

export interface AlertTarget {
  readonly name: string
  readonly counts: Readonly<Record<HookReport['kind'] | 'dropped', number>>
  /** Of the last delivery, unix ms and monotonic; null before the first one. */
  readonly delivered: { readonly at: number; readonly monotonic: number } | null
  /** Monotonic, of the last alert that was dropped or given up; null without one. */
  readonly lostAt: number | null
  readonly trouble: HookSender['trouble']
  send(body: string): void
  close(): void
}

export interface AlertTargetPorts {
  readonly clock: Clock
  readonly log: Pick<Log, 'error'>
  /** One attempt; by HTTPS or the command of the target if absent. */
  readonly attempt?: SendHook<HookTarget>
}

/** Alerts that wait for one target: all checks of a node, several times. */
const MOST_WAITING = 200
const MINUTE_MS = 60_000
/** A target that fails for so long misses an alert that others should see: the first attempts are seconds apart. */
const TROUBLE_MS = MINUTE_MS
const HOUR_MS = 60 * MINUTE_MS

export function openAlertTarget(
  target: HookTarget,
  { clock, log, attempt = attemptOf(clock) }: AlertTargetPorts,
): AlertTarget {
  const hooks = createMemoryHooks(MOST_WAITING)
  const { name } = target
  const counts = { delivered: 0, failed: 0, 'given-up': 0, dropped: 0 }
  let delivered: AlertTarget['delivered'] = null
  let lostAt: number | null = null
  const sender = createHookSender(name, {
    queue: hooks,
    clock,
    send: (body, signal) => attempt(target, body, signal),
    report: (result) => {
      counts[result.kind]++
      if (result.kind === 'delivered') delivered = { at: clock.now(), monotonic: clock.monotonic() }
      if (result.kind === 'failed' && result.failures === 1)
        log.error({ target: name, cause: result.cause }, 'an alert cannot be sent; it is tried again')
      if (result.kind !== 'given-up') return
      lostAt = clock.monotonic()
      log.error({ target: name }, 'an alert was given up after three days')
    },
  })
  return {
    name,
    counts,
    get delivered() {
      return delivered
    },
    get lostAt() {
      return lostAt
    },
    get trouble() {
      return sender.trouble
    },
    send: (body) => {
      if (!hooks.add(body, clock.now())) {
        counts.dropped++
        lostAt = clock.monotonic()
        log.error({ target: name }, 'too many alerts wait; the oldest was dropped')
      }
      sender.due()
    },
    close: () => sender.close(),
  }
}

function attemptOf(clock: Clock): SendHook<HookTarget> {
  const [https, command] = [createHttpsSender(clock), createCommandRunner(clock)]
  return (target, body, signal) =>
    target.kind === 'https' ? https(target, body, signal) : command(target, body, signal)
}

/** The age of the last delivery of each target, and why one does not take the alerts. @param now monotonic */
export function alertTargetHealth(targets: readonly AlertTarget[], now: number): Health {
  const reasons = targets.flatMap((target) => {
    const { name, trouble, lostAt } = target
    return [
      ...(trouble && now - trouble.since >= TROUBLE_MS
        ? [`${name} takes no alert for ${age(now - trouble.since)}: ${trouble.cause}; ${lastText(target, now)}`]
        : []),
      ...(lostAt !== null && now - lostAt < HOUR_MS ? [`alerts for ${name} were dropped in the last hour`] : []),
    ]
  })
  if (reasons.length > 0) return { kind: 'degraded', reason: reasons.join('; ') }
  const notes = targets.map((target) => {
    const failing = target.trouble ? `; the last attempt failed: ${target.trouble.cause}` : ''
    return `${target.name}: ${lastText(target, now)}${failing}`
  })
  return { kind: 'ok', note: notes.join('; ') }
}

function lastText({ delivered }: AlertTarget, now: number): string {
  return delivered === null
    ? 'no alert was delivered since the start'
    : `the last alert was delivered ${age(now - delivered.monotonic)} ago`
}

/** In one unit, so that the text changes rarely. */
function age(ms: number): string {
  const unit = ms < MINUTE_MS ? 1000 : ms < HOUR_MS ? MINUTE_MS : HOUR_MS
  return formatDuration(Math.floor(ms / unit) * unit)
}

export function alertTargetMetrics(targets: readonly AlertTarget[]): readonly GaugeSource[] {
  return [
    {
      name: 'waypost_alerts_total',
      help: 'Alerts of the node by target and result: `delivered`, `failed` (attempts, which are repeated), `given-up` (after three days), `dropped` (too many waited).',
      labels: ['target', 'result'],
      isCounter: true,
      read: () =>
        targets.flatMap(({ name, counts }) =>
          Object.entries(counts).map(([result, value]) => ({ labels: { target: name, result }, value })),
        ),
    },
    {
      name: 'waypost_alert_delivered_timestamp_seconds',
      help: 'Time of the last alert that a target took since the start, Unix seconds; missing before the first one.',
      labels: ['target'],
      read: () =>
        targets.flatMap(({ name, delivered }) =>
          delivered === null ? [] : [{ labels: { target: name }, value: Math.floor(delivered.at / 1000) }],
        ),
    },
  ]
}
