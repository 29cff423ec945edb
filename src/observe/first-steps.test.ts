// Every health check has a first step, and its section is in the page that explains the alerts.

import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ALERT_PAGE, firstSteps, howToOf } from './first-steps.ts'

const root = join(import.meta.dirname, '../..')
const headings = readFileSync(join(root, ALERT_PAGE), 'utf8').match(/^## .*$/gm) ?? []
const anchors = new Set(headings.map((one) => one.slice(3).toLowerCase().replaceAll(' ', '-')))

it('exists for the checks of src/node', () => {
  const names = globSync('src/node/*.ts', { cwd: root, exclude: ['**/*.test.ts'] }).flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/name: '([\w-]+)',\s+check:/g)].map((match) => match[1] ?? ''),
  )
  expect(names.length).toBeGreaterThan(20)
  expect(names.filter((name) => firstSteps[name] === undefined)).toEqual([])
})

it.each(Object.entries(firstSteps))('%s has a section in the page', (_name, first) => {
  const { section, step } = first
  expect(anchors).toContain(section)
  expect(existsSync(join(root, howToOf(first).replace(/#.*/, '')))).toBe(true)
  expect(step.length).toBeLessThan(80)
})
