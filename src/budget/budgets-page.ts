// The reference of all budgets, printed as docs/limits.md.

import { formatDuration } from '../lib/duration.ts'
import { formatSize } from '../lib/size.ts'
import { type Budget, type PoolBudget, purposes, type RateBudget } from './budget.ts'
import { budgetTable } from './budget-table.ts'

/** docs/limits.md: every entry of the table. */
export function budgetsPage(table: Readonly<Record<string, Budget>> = budgetTable): string {
  const entries = Object.entries(table).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const pools = entries.flatMap(([name, entry]) => (entry.kind === 'pool' ? [poolRow(name, entry)] : []))
  const rates = entries.flatMap(([name, entry]) => (entry.kind === 'rate' ? [rateRow(name, entry)] : []))
  const reasons = entries.map(([name, { holds, reason }]) => `- \`${name}\`: ${holds}. ${reason}`)
  return `# Budgets

A limit for each item is not enough: many small items fill a node as well. Each pool that strangers
can fill therefore has a capacity, shares for clients and purposes, and a temporary answer. The
metrics \`waypost_budget_used\`, \`waypost_budget_capacity\` and \`waypost_budget_refused_total\` have the
names of this page as labels. The health check \`budgets\` names a pool that was full in the last
minutes. Limits of single items are in [limits](explanation/limits.md). This page is generated from
the code.

## Pools

A unit is held for a time. *Client* is the share of an IPv4 address or an IPv6 /64, *network* that of
an IPv4 /24 or IPv6 /48, *zone* that of a DNS zone. A purpose gets no more units while the pool is
filled to its ceiling, so that the rest is free for the others; its holders together get no more than
its portion.

| pool | capacity | client | network | account | transaction | zone | ceilings | portions | at the limit | keys |
|---|---|---|---|---|---|---|---|---|---|---|
${pools.join('\n')}
${rates.length === 0 ? '' : ratesPart(rates)}
## Reasons

${reasons.join('\n')}
`
}

function ratesPart(rows: readonly string[]): string {
  return `
## Rates

Each key has its own count, which halves in the half-life.

| rate | units | for each | half-life | keys remembered | at the limit | key |
|---|---|---|---|---|---|---|
${rows.join('\n')}
`
}

function poolRow(name: string, entry: PoolBudget): string {
  const { ceilings, portions, answer, key, clientKey, unit } = entry
  const amount = (units: number | undefined) => {
    if (units === undefined) return ''
    return unit === 'octets' ? formatSize(units) : String(units)
  }
  const keys = [key, clientKey].flatMap((named) => (named === undefined ? [] : [`\`${named}\``]))
  const { capacity, client, network, account, transaction, zone } = entry
  const amounts = [capacity, client, network, account, transaction, zone].map(amount)
  return `| \`${name}\` | ${[...amounts, parts(ceilings), parts(portions), answer, keys.join(', ')].join(' | ')} |`
}

function parts(of: PoolBudget['ceilings']): string {
  return purposes
    .flatMap((purpose) => {
      const part = of?.[purpose]
      return part === undefined ? [] : [`${purpose} ${Math.round(part * 100)} %`]
    })
    .join(', ')
}

function rateRow(name: string, { capacity, unit, per, halfLifeMs, keys, answer, key }: RateBudget): string {
  const units = unit === 'octets' ? formatSize(capacity) : String(capacity)
  const named = key === undefined ? '' : `\`${key}\``
  return `| \`${name}\` | ${[units, per, formatDuration(halfLifeMs), keys, answer, named].join(' | ')} |`
}
