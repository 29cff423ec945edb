// The dashboards of deploy/grafana as data, and their queries with the variables of Grafana filled in.

import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

interface Target {
  readonly expr: string
  readonly legendFormat: string
  readonly refId: string
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly Target[]
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } }
}

export interface Dashboard {
  readonly name: string
  readonly uid: string
  readonly title: string
  readonly templating: { readonly list: readonly { readonly name: string }[] }
  readonly panels: readonly Panel[]
}

const folder = join(import.meta.dirname, '../../deploy/grafana')

export function readDashboards(): readonly Dashboard[] {
  return globSync('*.json', { cwd: folder })
    .toSorted()
    .map((file) => ({
      name: basename(file, '.json'),
      ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Omit<Dashboard, 'name'>),
    }))
}

/** Every query with the name of its panel. */
export function queriesOf({ name, panels }: Dashboard): readonly { readonly of: string; readonly expr: string }[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, refId }) => ({ of: `${name}: ${title} ${refId}`, expr })),
  )
}

/** The expression as Grafana sends it, for all nodes. */
export function filledIn(expr: string, interval = '5m'): string {
  return expr.replaceAll('$node', '.*').replaceAll('$__rate_interval', interval)
}
