// One attack as a test: the node lives, its memory stays bounded, and all good mail is accepted and delivered. How long replies
// take depends on the machine: `npm run attack` measures that.

import { expect, it } from 'vitest'
import { budgetTable } from '../../src/budget/budget-table.ts'
import { type Attack, measureAttack } from './attack.ts'

/** The aim of docs/limits.md for every attack, MiB. */
const MOST_MIB = 512

/** Declares the test of an attack. */
export function testAttack(attack: Attack): void {
  it(`${attack.name}: ${attack.what}`, { timeout: 180_000 }, async () => {
    expect(attack.budgets.filter((name) => !(name in budgetTable))).toEqual([])
    const { alive, peakMiB, second, arrived } = await measureAttack(attack, { scale: 1 })
    expect(alive).toBe(true)
    expect(peakMiB).toBeLessThanOrEqual(MOST_MIB)
    expect(second.refusals).toEqual([])
    expect(second.accepted).toBeGreaterThan(0)
    expect(arrived).toBe(second.accepted)
  })
}
