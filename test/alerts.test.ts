// The alert rules use only metrics that a node has, and each rule names the first step.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { allMetrics } from './lib/all-metrics.ts'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: { readonly summary: string; readonly first_step: string; readonly how_to: string }
}

const file = readFileSync(new URL('../deploy/alerts.yaml', import.meta.url), 'utf8')
const rules = (parse(file) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules)
const page = readFileSync(new URL('../docs/how-to/answer-alerts.md', import.meta.url), 'utf8')
const playbook = readFileSync(new URL('../docs/how-to/playbook.md', import.meta.url), 'utf8')
const sections = new Set(
  [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => (heading ?? '').toLowerCase().replaceAll(' ', '-')),
)
const known = new Set(
  allMetrics()
    .getMetricsAsArray()
    .map((metric) => metric.name),
)

describe('alert rules', () => {
  it.each(rules)('$alert uses metrics that exist', ({ expr }) => {
    const used = expr.match(/waypost_\w+/g) ?? []
    expect(used.filter((name) => !known.has(name))).toEqual([])
    expect(used.length + (expr.startsWith('up{') ? 1 : 0)).toBeGreaterThan(0)
  })

  it.each(rules)('$alert has a page of the playbook, or a section in the page about alerts', ({ annotations }) => {
    const [file, section = ''] = annotations.how_to.split('#')
    if (file === 'docs/how-to/answer-alerts.md') expect(sections).toContain(section)
    else expect(playbook).toContain(`(${file?.replace('docs/how-to/', '')})`)
  })

  it('name the node, and what to do first', () => {
    for (const { annotations } of rules) {
      expect(annotations.summary).toContain('$labels.instance')
      expect(annotations.first_step.length).toBeGreaterThan(20)
    }
  })
})
