// Counts the PROXY headers of load balancers by what became of them, for the metrics.

import type { GaugeSource } from '../observe/metrics.ts'
import type { HeaderResult } from '../server/proxy/header-waits.ts'

export interface ProxyCount {
  readonly count: (result: HeaderResult) => void
  readonly metric: GaugeSource
}

export function createProxyCount(): ProxyCount {
  const counts = new Map<HeaderResult, number>()
  return {
    count: (result) => void counts.set(result, (counts.get(result) ?? 0) + 1),
    metric: {
      name: 'waypost_proxy_headers_total',
      help: 'Connections of load balancers, by their PROXY header: `client` names a client, `own` is a connection of the balancer, such as a health check; `malformed`, `late` (none in 5 s) and `incomplete` are closed.',
      labels: ['result'],
      isCounter: true,
      read: () => [...counts].map(([result, value]) => ({ labels: { result }, value })),
    },
  }
}
