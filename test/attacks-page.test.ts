// docs/attacks.md lists every attack with the budgets that hold it off, and every attack has its test.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { budgetTable } from '../src/budget/budget-table.ts'
import { attacks } from './attacks/attacks.ts'

const page = join(import.meta.dirname, '../docs/attacks.md')
const part = /(<!-- list -->\n)[^]*?(<!-- end -->)/

it('is up to date; UPDATE_EXPECTED=1 rewrites it', () => {
  const rows = attacks.map(({ name, what, budgets }) => `| ${name} | ${what} | ${budgets.join(', ')} |`)
  const list = ['| attack | strangers | budgets |', '|---|---|---|', ...rows, ''].join('\n')
  const text = readFileSync(page, 'utf8')
  const wanted = text.replace(part, (_, start: string, end: string) => `${start}\n${list}\n${end}`)
  if (process.env['UPDATE_EXPECTED']) writeFileSync(page, wanted)
  expect(readFileSync(page, 'utf8')).toBe(wanted)
})

it('every attack has a test and names budgets of the table', () => {
  const tests = attacks.map(({ name }) => `attacks/${name}.test.ts`)
  expect(tests.filter((file) => !existsSync(join(import.meta.dirname, file)))).toEqual([])
  expect(attacks.flatMap(({ budgets }) => budgets).filter((name) => !(name in budgetTable))).toEqual([])
})
