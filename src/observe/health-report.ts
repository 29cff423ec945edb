// The health of a node: the worst result of its named checks. A check that throws or does not answer in time is failing.

import type { Clock } from '../lib/clock.ts'

export type Health =
  /** `note`: what an operator should know and need not act on. */
  | { readonly kind: 'ok'; readonly note?: string }
  /** The node works, but an operator should act. */
  | { readonly kind: 'degraded'; readonly reason: string }
  /** The node does not do its work: a load balancer should use another one. */
  | { readonly kind: 'failing'; readonly reason: string }

export interface HealthCheck {
  readonly name: string
  check(): Promise<Health> | Health
}

export interface HealthReport {
  readonly kind: Health['kind']
  readonly checks: Readonly<Record<string, Health>>
}

/** Time limit of a check, below the usual 5 s of probes. */
const CHECK_TIMEOUT_MS = 3000

const order: readonly Health['kind'][] = ['ok', 'degraded', 'failing']

/** Runs all checks concurrently. */
export async function checkHealth(checks: readonly HealthCheck[], clock: Clock): Promise<HealthReport> {
  const results = await Promise.all(checks.map(async (check) => [check.name, await runCheck(check, clock)] as const))
  const worst = Math.max(0, ...results.map(([, health]) => order.indexOf(health.kind)))
  return { kind: order[worst] as Health['kind'], checks: Object.fromEntries(results) }
}

async function runCheck(check: HealthCheck, clock: Clock): Promise<Health> {
  const answered = new AbortController()
  const late = clock.sleep(CHECK_TIMEOUT_MS, answered.signal).then(
    (): Health => ({ kind: 'failing', reason: `no answer within ${CHECK_TIMEOUT_MS / 1000} s` }),
    // Aborted after the answer: this value loses the race.
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
