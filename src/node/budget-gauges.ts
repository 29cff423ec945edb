// The budgets of a node as numbers and as a health check.

import { type Budgets, type Limit } from '../budget/budgets.ts'
import { shortages } from '../budget/pool.ts'
import type { Clock } from '../lib/clock.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'

/** How long a pool counts as full after a refusal: longer than the usual interval between two probes or scrapes. */
const FULL_MS = 5 * 60_000

const limits: readonly Limit[] = [...shortages, 'rate']

export function budgetGauges(budgets: Pick<Budgets, 'usage'>): GaugeSource[] {
  return [
    {
      name: 'waypost_budget_used',
      help: 'Units of a budget that are held; of a rate, the keys that are remembered.',
      labels: ['budget'],
      read: () => budgets.usage().map(({ name, used }) => ({ labels: { budget: name }, value: used })),
    },
    {
      name: 'waypost_budget_capacity',
      help: 'Units of a budget; of a rate, the keys that can be remembered.',
      labels: ['budget'],
      read: () => budgets.usage().map(({ name, capacity }) => ({ labels: { budget: name }, value: capacity })),
    },
    {
      name: 'waypost_budget_refused_total',
      help: 'Requests that a budget refused, by the limit that was reached.',
      labels: ['budget', 'limit'],
      isCounter: true,
      read: () =>
        budgets.usage().flatMap(({ name, refused }) =>
          limits.flatMap((limit) => {
            const value = refused.get(limit)
            return value === undefined ? [] : [{ labels: { budget: name, limit }, value }]
          }),
        ),
    },
  ]
}

/** Degraded while a pool as a whole is or was just full. A client that only reached its own share is no matter of health. */
export function budgetHealth(budgets: Pick<Budgets, 'usage'>, clock: Pick<Clock, 'monotonic'>): HealthCheck {
  return {
    name: 'budgets',
    check: () => {
      const now = clock.monotonic()
      const full = budgets.usage().filter(({ lastFullAt }) => lastFullAt !== null && now - lastFullAt < FULL_MS)
      if (full.length === 0) return { kind: 'ok' }
      const named = full.map(({ name, used, capacity }) => `${name} (${used} of ${capacity} in use)`)
      return { kind: 'degraded', reason: `refused in the last 5 minutes because full: ${named.join(', ')}` }
    },
  }
}
