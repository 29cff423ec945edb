// The alerts that a running node sends itself: follows its health and the refusals of mail providers, and informs webhooks of it. It needs neither
// the queue nor a file.

import { alertBody } from '../alerts/alert-body.ts'
import { type Alert, createAlertStates } from '../alerts/alert-states.ts'
import { createBlockedProviders } from '../alerts/blocked-providers.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { HealthCheck, HealthReport } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import type { HookTarget, SendHook } from '../webhooks/hook-target.ts'
import { webhookTargets } from '../wiring/webhook-settings.ts'
import { alertTargetHealth, alertTargetMetrics, openAlertTarget } from './alert-target.ts'

export interface AlertPorts {
  readonly queue: Pick<OpenQueue, 'subscribe'>
  readonly clock: Clock
  readonly log: Pick<Log, 'warn' | 'info' | 'error' | 'bug'>
  /** One attempt; by HTTPS or the command of the target if absent. */
  readonly attempt?: SendHook<HookTarget>
}

export interface AlertWatch {
  /** Whether the targets take the alerts, and how old the last delivery is. */
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  /** Begins to follow the checks. */
  start(health: () => Promise<HealthReport>): void
  close(): void
}

/** How often the checks run for alerts: they are cheap, and an alert waits for minutes. */
const LOOK_MS = 15_000
/** `alerts.after` can be shorter than that, but not every moment is a look. */
const LEAST_LOOK_MS = 1_000

/** Null without `alerts`. */
export function watchAlerts(config: Config, ports: AlertPorts): AlertWatch | null {
  const { alerts, hostname } = config
  if (!alerts) return null
  const { clock, log, queue } = ports
  const targets = webhookTargets(config)
    .filter(({ name }) => alerts.webhooks.includes(name))
    .map((target) => openAlertTarget(target, ports))
  const states = createAlertStates({ afterMs: alerts.after, clearMs: alerts.clear_after })
  const providers = createBlockedProviders()
  const send = (all: readonly Alert[]) => {
    for (const alert of all) {
      const { name, state, level, reason } = alert
      log[state === 'raised' ? 'warn' : 'info']({ alert: name, level, cause: reason }, `alert ${state}`)
      for (const target of targets) target.send(alertBody(alert, { node: hostname, at: clock.now() }))
    }
  }
  const look = async (health: () => Promise<HealthReport>) => {
    const { checks } = await health()
    const at = { now: clock.now(), monotonic: clock.monotonic() }
    send([...states.update(checks, at), ...providers.cleared(at.monotonic)])
  }
  queue.subscribe((events) => send(events.flatMap((event) => providers.note(event, clock.monotonic()) ?? [])))
  const stops: (() => void)[] = []
  return {
    health: { name: 'alerts', check: () => alertTargetHealth(targets, clock.monotonic()) },
    metrics: alertTargetMetrics(targets),
    start: (health) => {
      let isLooking = false
      const timer = clock.every(Math.min(LOOK_MS, Math.max(LEAST_LOOK_MS, alerts.after)), () => {
        if (isLooking) return
        isLooking = true
        look(health)
          .catch((error: unknown) => log.bug(error, 'alerts'))
          .finally(() => (isLooking = false))
      })
      stops.push(() => timer.cancel())
    },
    close: () => {
      for (const stop of stops) stop()
      for (const target of targets) target.close()
    },
  }
}
