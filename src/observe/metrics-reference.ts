// The reference of all metrics, printed as docs/reference/metrics.md.

import { Counter, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'

/** docs/reference/metrics.md: name, type, labels and help of every metric of the registry. */
export function metricsPage(registry: Registry): string {
  const metrics = registry.getMetricsAsArray().toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return [
    '# Metrics',
    '',
    'With `admin.listen` a node serves its metrics at `/metrics`, in the text format of Prometheus. Counters start',
    'at 0 when the node starts. The metrics `process_*` and `nodejs_*` of the process are those of the library',
    '[prom-client](https://github.com/siimon/prom-client). Alert rules are in `deploy/alerts.yaml`.',
    'This page is generated from the code.',
    '',
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...metrics.map((metric) => `| \`${metric.name}\` | ${typeOf(metric)} | ${labelsOf(metric)} | ${metric.help} |`),
    '',
  ].join('\n')
}

function typeOf(metric: object): string {
  if (metric instanceof Histogram) return 'histogram'
  return metric instanceof Counter ? 'counter' : 'gauge'
}

/** The type of prom-client omits the label names, which each metric has. */
function labelsOf(metric: { readonly labelNames?: readonly string[] } | object): string {
  return 'labelNames' in metric ? (metric.labelNames?.map((name) => `\`${name}\``).join(', ') ?? '') : ''
}
