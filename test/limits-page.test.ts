// docs/limits.md shows the table of budgets, and every budget of the table is opened somewhere in the code.

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { budgetTable } from '../src/budget/budget-table.ts'
import { budgetsPage } from '../src/budget/budgets-page.ts'

const root = join(import.meta.dirname, '..')
const page = join(root, 'docs/limits.md')

it('is up to date; UPDATE_EXPECTED=1 rewrites it', () => {
  const text = budgetsPage()
  if (process.env.UPDATE_EXPECTED) writeFileSync(page, text)
  expect(readFileSync(page, 'utf8')).toBe(text)
})

it('names only budgets that a module opens', () => {
  const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  const opened = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\.(?:pool|rate|stock)\('(\w+)'/g)].map((match) => match[1]),
  )
  expect(Object.keys(budgetTable).filter((name) => !opened.includes(name))).toEqual([])
})

it('answers nothing for good: no answer is a 5xx reply', () => {
  expect(Object.values(budgetTable).filter(({ answer }) => /`5\d\d/.test(answer))).toEqual([])
})
