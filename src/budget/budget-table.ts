// Every pool that strangers can fill, in one table: what it holds, how much, whose share is how large, and what is answered at the limit.
// docs/limits.md, the metrics and the health of budgets are made from it. Modules open their pools by name with `Budgets`.

import type { Budget } from './budget.ts'
import { clientBudgets } from './table/client-budgets.ts'
import { loginBudgets } from './table/login-budgets.ts'
import { outgoingBudgets } from './table/outgoing-budgets.ts'
import { receptionBudgets } from './table/reception-budgets.ts'
import { reportBudgets } from './table/report-budgets.ts'
import { routingBudgets } from './table/routing-budgets.ts'

export const budgetTable = {
  ...receptionBudgets,
  ...clientBudgets,
  ...routingBudgets,
  ...loginBudgets,
  ...outgoingBudgets,
  ...reportBudgets,
} as const

type Named<Kind extends Budget['kind']> = {
  [Name in keyof typeof budgetTable]: (typeof budgetTable)[Name] extends { kind: Kind } ? Name : never
}[keyof typeof budgetTable]

export type BudgetName = keyof typeof budgetTable
export type PoolName = Named<'pool'>
export type RateName = Named<'rate'>
