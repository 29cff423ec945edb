// docs/reference/metrics.md shows every metric of a node.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { metricsPage } from '../src/observe/metrics-reference.ts'
import { allMetrics } from './lib/all-metrics.ts'

const page = fileURLToPath(new URL('../docs/reference/metrics.md', import.meta.url))

it('is up to date; UPDATE_EXPECTED=1 rewrites it', () => {
  const text = metricsPage(allMetrics())
  if (process.env.UPDATE_EXPECTED) writeFileSync(page, text)
  expect(readFileSync(page, 'utf8')).toBe(text)
})

it('names follow the conventions of Prometheus: counters end in _total, units are base units', () => {
  for (const row of metricsPage(allMetrics()).matchAll(
    /^\| `(\w+)` \| (counter|gauge|histogram) \| .* \| \d+ \| .*\.? \|$/gm,
  )) {
    const [, name = '', type] = row
    expect(name).toMatch(/^waypost_[a-z_]+$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(name).not.toMatch(/_(octets|ms|milliseconds|minutes|percent)(_|$)/)
  }
})

it('help is one sentence', () => {
  const helps = allMetrics()
    .getMetricsAsArray()
    .map(({ help }) => help)
  expect(helps.filter((help) => !/^[A-Z].*\.$/.test(help))).toEqual([])
})

it('no metric has a label without a bound, and no bound is of no metric', () => {
  const page = metricsPage(allMetrics())
  expect(page).not.toContain('unbounded')
  const used = new Set(
    [...page.matchAll(/^\| `waypost_\w+` \| \w+ \| (.*?) \| \d/gm)].flatMap(([, labels = '']) => labels.split(', ')),
  )
  const bound = [...page.matchAll(/^\| `(\w+)` \| \d+ \|/gm)].map(([, label = '']) => `\`${label}\``)
  expect(bound.filter((label) => !used.has(label))).toEqual([])
})
