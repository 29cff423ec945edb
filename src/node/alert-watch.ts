// The alerts that a running node sends itself: follows its health and the refusals of mail providers, and informs webhooks of it. It needs neither
// the queue nor a file.

import { alertBody } from '../alerts/alert-body.ts'
import { type Alert, createAlertStates } from '../alerts/alert-states.ts'
import { createBlockedProviders } from '../alerts/blocked-providers.ts'
import { createMemoryHooks } from '../alerts/memory-hooks.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { HealthReport } from '../observe/health-report.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { createCommandRunner } from '../webhooks/hook-command.ts'
import { createHookSender } from '../webhooks/hook-sender.ts'
import type { HookTarget, SendHook } from '../webhooks/hook-target.ts'
import { createHttpsSender } from '../webhooks/send-https.ts'
import { webhookTargets } from '../wiring/webhook-settings.ts'

export interface AlertPorts {
  readonly health: () => Promise<HealthReport>
  readonly queue: Pick<OpenQueue, 'subscribe'>
  readonly clock: Clock
  readonly log: Pick<Log, 'warn' | 'info' | 'error' | 'bug'>
  /** One attempt; by HTTPS or the command of the target if absent. */
  readonly attempt?: SendHook<HookTarget>
}

/** How often the checks run for alerts: they are cheap, and an alert waits for minutes. */
const LOOK_MS = 15_000
/** Alerts that wait for one target: all checks of a node, several times. */
const MOST_WAITING = 200

/** Null without `alerts`. */
export function watchAlerts(config: Config, ports: AlertPorts): { close(): void } | null {
  const { alerts, hostname } = config
  if (!alerts) return null
  const { clock, log, queue } = ports
  const targets = webhookTargets(config)
    .filter(({ name }) => alerts.webhooks.includes(name))
    .map((target) => openTarget(target, ports))
  const states = createAlertStates({ afterMs: alerts.after, clearMs: alerts.clear_after })
  const providers = createBlockedProviders()
  const send = (all: readonly Alert[]) => {
    for (const alert of all) {
      const { name, state, level, reason } = alert
      log[state === 'raised' ? 'warn' : 'info']({ alert: name, level, cause: reason }, `alert ${state}`)
      for (const target of targets) target.send(alertBody(alert, { node: hostname, at: clock.now() }))
    }
  }
  const look = async () => {
    const { checks } = await ports.health()
    const at = { now: clock.now(), monotonic: clock.monotonic() }
    send([...states.update(checks, at), ...providers.cleared(at.monotonic)])
  }
  let isLooking = false
  const timer = clock.every(LOOK_MS, () => {
    if (isLooking) return
    isLooking = true
    look()
      .catch((error: unknown) => log.bug(error, 'alerts'))
      .finally(() => (isLooking = false))
  })
  queue.subscribe((events) => send(events.flatMap((event) => providers.note(event, clock.monotonic()) ?? [])))
  return {
    close: () => {
      timer.cancel()
      for (const target of targets) target.close()
    },
  }
}

function attemptOf(clock: Clock): SendHook<HookTarget> {
  const [https, command] = [createHttpsSender(clock), createCommandRunner(clock)]
  return (target, body, signal) =>
    target.kind === 'https' ? https(target, body, signal) : command(target, body, signal)
}

function openTarget(target: HookTarget, { clock, log, attempt = attemptOf(clock) }: AlertPorts) {
  const hooks = createMemoryHooks(MOST_WAITING)
  const { name } = target
  const sender = createHookSender(name, {
    queue: hooks,
    clock,
    send: (body, signal) => attempt(target, body, signal),
    report: (result) => {
      if (result.kind === 'failed' && result.failures === 1)
        log.error({ target: name, cause: result.cause }, 'an alert cannot be sent; it is tried again')
      if (result.kind === 'given-up') log.error({ target: name }, 'an alert was given up after three days')
    },
  })
  return {
    send: (body: string) => {
      if (!hooks.add(body, clock.now())) log.error({ target: name }, 'too many alerts wait; the oldest was dropped')
      sender.due()
    },
    close: () => sender.close(),
  }
}
