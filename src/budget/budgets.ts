// The open pools of a node. Modules open theirs by name; metrics and health read all of them here.

import type { Clock } from '../lib/clock.ts'
import type { PoolBudget, RateBudget } from './budget.ts'
import { type BudgetName, budgetTable, type PoolName, type RateName } from './budget-table.ts'
import { createPool, type Pool, type PoolLimits, type Shortage } from './pool.ts'
import { createRate, type Rate } from './rate.ts'

export interface Budgets {
  /** Opens a pool with the numbers of the table. A module can open several of one name, such as one per listener. */
  pool(name: PoolName, changed?: Partial<PoolLimits>): Pool
  /** Opens a pool whose units are kept elsewhere, such as rows of a database: `used` reads how many there are. */
  stock(name: PoolName, used: () => number): Stock
  rate(name: RateName, changed?: Partial<Pick<RateBudget, 'capacity'>>): Rate
  /** One entry for each name that is open; pools of one name are added up. */
  usage(): readonly BudgetUsage[]
}

export interface Stock {
  readonly capacity: number
  /** Units that the clients of one network can have; infinity if the pool has no such share. */
  readonly network: number
  /** Counts a request that did not fit, by default into the whole pool. */
  refuse(limit?: Shortage): void
}

/** The limit that a refusal names; `rate` for a budget of that kind. */
export type Limit = Shortage | 'rate'

export interface BudgetUsage {
  readonly name: BudgetName
  /** Units held now; of a rate, its keys. */
  readonly used: number
  /** Units there are; of a rate, the keys it remembers. */
  readonly capacity: number
  /** Refusals since the start, by the limit that was reached. */
  readonly refused: ReadonlyMap<Limit, number>
  /**
   * Monotonic time of the last refusal because the whole pool was full, not a share of it. Null if there was none, and for a pool whose
   * work waits.
   */
  readonly lastFullAt: number | null
}

interface Opened {
  readonly pools: { readonly used: number; readonly capacity: number }[]
  readonly refused: Map<Limit, number>
  lastFullAt: number | null
}

export function createBudgets(clock: Pick<Clock, 'monotonic'>): Budgets {
  const open = new Map<BudgetName, Opened>()
  const record = (name: BudgetName): Opened => {
    const opened = open.get(name) ?? { pools: [], refused: new Map(), lastFullAt: null }
    open.set(name, opened)
    return opened
  }
  const refusal = (opened: Opened, limit: Limit, waits = false) => {
    opened.refused.set(limit, (opened.refused.get(limit) ?? 0) + 1)
    if (!waits && (limit === 'capacity' || limit === 'purpose')) opened.lastFullAt = clock.monotonic()
  }
  return {
    pool: (name, changed) => {
      const opened = record(name)
      const entry: PoolBudget = budgetTable[name]
      const pool = createPool({ ...entry, ...changed }, (shortage) => refusal(opened, shortage, entry.waits))
      opened.pools.push(pool)
      return pool
    },
    stock: (name, used) => {
      const opened = record(name)
      const { capacity, network = Number.POSITIVE_INFINITY }: PoolBudget = budgetTable[name]
      opened.pools.push({
        get used() {
          return used()
        },
        capacity,
      })
      return { capacity, network, refuse: (limit = 'capacity') => refusal(opened, limit) }
    },
    rate: (name, changed) => {
      const opened = record(name)
      const entry: RateBudget = budgetTable[name]
      const rate = createRate({ ...entry, ...changed }, { clock, refused: () => refusal(opened, 'rate') })
      opened.pools.push({
        get used() {
          return rate.keys
        },
        capacity: entry.keys,
      })
      return rate
    },
    usage: () =>
      [...open].map(([name, { pools, refused, lastFullAt }]) => ({
        name,
        used: sum(pools.map(({ used }) => used)),
        capacity: sum(pools.map(({ capacity }) => capacity)),
        refused,
        lastFullAt,
      })),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
