// The alert rules name only metrics that a node has, and every rule says what to do first.

import { readdirSync, readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../src/observe/metrics.ts'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: { readonly summary: string; readonly first: string }
}

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const rules = (parse(read('deploy/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
)

function knownMetrics(): Set<string> {
  const registry = new Registry()
  createMetrics(registry, { gauges: [], process: false })
  const files = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  const gauges = sources.flatMap((file) => read(`src/${file}`).match(/(?<=name: ')waypost_\w+/g) ?? [])
  return new Set([...registry.getMetricsAsArray().map((metric) => metric.name), ...gauges])
}

describe('alert rules', () => {
  it.each(rules)('$alert asks for metrics that exist', ({ expr }) => {
    const asked = expr.match(/waypost_\w+/g) ?? []
    const known = knownMetrics()
    expect(asked.filter((name) => !known.has(name))).toEqual([])
    expect(asked.length + (expr.startsWith('up{') ? 1 : 0)).toBeGreaterThan(0)
  })

  it('each says what happened and what to do first', () => {
    for (const { annotations } of rules) {
      expect(annotations.summary).toContain('$labels.instance')
      expect(annotations.first.length).toBeGreaterThan(20)
    }
  })
})
