// Is this node well? Rooms bring named checks; the worst of their answers is the node's. Asking never throws and never hangs.

import type { Clock } from '../lib/clock.ts'

export type Health =
  | { readonly kind: 'ok' }
  /** Works, but somebody should look. */
  | { readonly kind: 'degraded'; readonly reason: string }
  /** Does not do its work: a balancer had better look elsewhere. */
  | { readonly kind: 'failing'; readonly reason: string }

export interface HealthCheck {
  readonly name: string
  check(): Promise<Health> | Health
}

export interface HealthReport {
  readonly kind: Health['kind']
  readonly checks: Readonly<Record<string, Health>>
}

/** A check that takes longer has found its answer: something is stuck. Below the 5 s that probes usually wait. */
const CHECK_TIMEOUT = 3000

const order: readonly Health['kind'][] = ['ok', 'degraded', 'failing']

/** Runs all checks side by side. */
export async function checkHealth(checks: readonly HealthCheck[], clock: Clock): Promise<HealthReport> {
  const found = await Promise.all(checks.map(async (check) => [check.name, await ask(check, clock)] as const))
  const worst = Math.max(0, ...found.map(([, health]) => order.indexOf(health.kind)))
  return { kind: order[worst] as Health['kind'], checks: Object.fromEntries(found) }
}

async function ask(check: HealthCheck, clock: Clock): Promise<Health> {
  const answered = new AbortController()
  const late = clock.sleep(CHECK_TIMEOUT, answered.signal).then(
    (): Health => ({ kind: 'failing', reason: `no answer within ${CHECK_TIMEOUT / 1000} s` }),
    // The sleep was called off because the answer came: this value loses the race.
    (): Health => ({ kind: 'ok' }),
  )
  try {
    return await Promise.race([Promise.resolve(check.check()), late])
  } catch (error) {
    return { kind: 'failing', reason: error instanceof Error ? error.message : String(error) }
  } finally {
    answered.abort()
  }
}
