// When a health check becomes an alert: it must be wrong for some time, and right again for some time, so that a flapping check is one alert.

import type { Health } from '../observe/health-report.ts'

export interface Alert {
  /** The name of a health check, or `blocked` with a provider. */
  readonly name: string
  readonly state: 'raised' | 'cleared'
  readonly level: Health['kind']
  /** Why, in the words of the check; of a cleared alert the last reason. */
  readonly reason: string
  /** Unix milliseconds of the first wrong result. */
  readonly since: number
}

export interface AlertTimes {
  /** How long a check must be wrong, ms. */
  readonly afterMs: number
  /** How long it must be right again, ms. */
  readonly clearMs: number
}

export interface AlertStates {
  /** Takes the results of all checks at one time; returns what an operator must be sent. `monotonic` is in ms. */
  update(
    checks: Readonly<Record<string, Health>>,
    at: { readonly now: number; readonly monotonic: number },
  ): readonly Alert[]
}

interface State {
  readonly since: number
  readonly wrongFrom: number
  /** The level that was sent; null before the alert is raised. */
  sent: Health['kind'] | null
  /** Since when it is right again; null while it is wrong. */
  rightFrom: number | null
  reason: string
}

export function createAlertStates({ afterMs, clearMs }: AlertTimes): AlertStates {
  const states = new Map<string, State>()
  return {
    update: (checks, { now, monotonic }) => {
      const alerts: Alert[] = []
      for (const name of new Set([...Object.keys(checks), ...states.keys()])) {
        const health = checks[name] ?? { kind: 'ok' }
        const state = states.get(name) ?? null
        if (health.kind === 'ok') {
          if (state === null) continue
          state.rightFrom ??= monotonic
          // A problem that was never sent needs no end.
          const isOver = state.sent === null || monotonic - state.rightFrom >= clearMs
          if (!isOver) continue
          states.delete(name)
          if (state.sent !== null)
            alerts.push({ name, state: 'cleared', level: 'ok', reason: state.reason, since: state.since })
          continue
        }
        const known = state ?? { since: now, wrongFrom: monotonic, sent: null, rightFrom: null, reason: '' }
        known.rightFrom = null
        known.reason = health.reason
        states.set(name, known)
        const isDue = monotonic - known.wrongFrom >= afterMs
        // A problem that gets worse is sent again.
        if (!isDue || known.sent === health.kind || known.sent === 'failing') continue
        known.sent = health.kind
        alerts.push({ name, state: 'raised', level: health.kind, reason: health.reason, since: known.since })
      }
      return alerts
    },
  }
}
