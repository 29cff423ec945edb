// docs/reference/score.md lists the points of the own score, from the code.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { scorePoints } from '../src/policy/score/score-points.ts'

const page = join(import.meta.dirname, '../docs/reference/score.md')
const START = '<!-- points: generated -->\n'
const END = '<!-- end -->'

it('has the points of the code; UPDATE_EXPECTED=1 rewrites them', () => {
  const rows = Object.entries(scorePoints).map(
    ([name, { points, meaning }]) => `| \`${name}\` | ${points} | ${meaning} |`,
  )
  const table = `\n| observation | points | meaning |\n|---|---:|---|\n${rows.join('\n')}\n\n`
  const read = () => readFileSync(page, 'utf8')
  const [before = '', rest = ''] = read().split(START)
  const expected = `${before}${START}${table}${rest.slice(rest.indexOf(END))}`
  if (process.env.UPDATE_EXPECTED) writeFileSync(page, expected)
  expect(read()).toBe(expected)
})
