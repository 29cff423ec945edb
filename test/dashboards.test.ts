// The dashboards use only metrics that a node has, and are whole: Grafana shows a broken one without an error.

import { describe, expect, it } from 'vitest'
import { allMetrics } from './lib/all-metrics.ts'
import { queriesOf, readDashboards } from './lib/dashboards.ts'

const dashboards = readDashboards()
const known = new Set(
  allMetrics()
    .getMetricsAsArray()
    .map((metric) => metric.name),
)
const isKnown = (name: string) => known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, ''))

it('there are four', () =>
  expect(dashboards.map(({ name }) => name)).toEqual(['accounts', 'delivery', 'filtering', 'overview']))

describe.each(dashboards)('$name', (dashboard) => {
  it.each(queriesOf(dashboard))('$of uses metrics that exist, of the chosen nodes', ({ expr }) => {
    const used = expr.match(/waypost_\w+/g) ?? []
    expect(used.filter((name) => !isKnown(name))).toEqual([])
    // Every selector of series has the variable.
    for (const [, selector = ''] of expr.matchAll(/\b(?:waypost|nodejs|process)_\w+(\{[^}]*\})?/g))
      expect(selector).toContain('instance=~"$node"')
  })

  it('has a title, an explanation and a unit for each panel', () => {
    for (const panel of dashboard.panels.filter(({ type }) => type !== 'row')) {
      expect(panel.title).toMatch(/^[A-Z]/)
      expect(panel.description).toMatch(/\.$/)
      expect(panel.fieldConfig?.defaults.unit).toBeTruthy()
      expect(panel.targets?.length).toBeGreaterThan(0)
    }
  })

  it('has panels with different IDs that do not overlap', () => {
    const cells = dashboard.panels.flatMap(({ id, gridPos: { x, y, w, h } }) => {
      expect(x + w, `panel ${id}`).toBeLessThanOrEqual(24)
      return Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`)
    })
    expect(new Set(cells).size).toBe(cells.length)
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
  })

  it('lets the reader choose the data source and the nodes', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'node'])
    expect(dashboard.uid).toBe(`waypost-${dashboard.name}`)
  })
})
