// The reference of all metrics, printed as docs/reference/metrics.md.

import { Counter, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import { labelBounds, mostSeries } from './label-bounds.ts'

/** docs/reference/metrics.md: name, type, labels and help of every metric of the registry. */
export function metricsPage(registry: Registry): string {
  const metrics = registry.getMetricsAsArray().toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return [
    '# Metrics',
    '',
    'With `admin.listen` a node serves its metrics at `/metrics`, in the text format of Prometheus. Counters start',
    'at 0 when the node starts. The metrics `process_*` and `nodejs_*` of the process, among them the delay of the',
    'event loop, are those of the library [prom-client](https://github.com/siimon/prom-client). Alert rules are in',
    '`deploy/alerts.yaml`, dashboards in `deploy/grafana`: [how to use them](../how-to/monitor-with-prometheus.md).',
    'This page is generated from the code.',
    '',
    'No label has a value that a stranger chooses, and none has an address, a domain of a correspondent or a queue',
    'ID. The column *series* is the most that one node can have, with all values of all labels; a node has a small',
    'part of them.',
    '',
    '| metric | type | labels | series | meaning |',
    '|---|---|---|---:|---|',
    ...metrics.map(
      (metric) =>
        `| \`${metric.name}\` | ${typeOf(metric)} | ${labelsOf(metric)
          .map((name) => `\`${name}\``)
          .join(', ')} | ${seriesOf(metric)} | ${metric.help} |`,
    ),
    '',
    '## Labels',
    '',
    '| label | most values | from |',
    '|---|---:|---|',
    ...Object.entries(labelBounds).map(([label, { most, from }]) => `| \`${label}\` | ${most} | ${from} |`),
    '',
  ].join('\n')
}

function typeOf(metric: object): string {
  if (metric instanceof Histogram) return 'histogram'
  return metric instanceof Counter ? 'counter' : 'gauge'
}

/** The type of prom-client omits the label names, which each metric has. */
function labelsOf(metric: { readonly labelNames?: readonly string[] } | object): readonly string[] {
  return 'labelNames' in metric ? (metric.labelNames ?? []) : []
}

function seriesOf(metric: { readonly upperBounds?: readonly number[] } | object): string {
  const buckets = 'upperBounds' in metric ? (metric.upperBounds ?? []).length : null
  return `${mostSeries(labelsOf(metric), buckets) ?? 'unbounded'}`
}
