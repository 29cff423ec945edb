// What a running node counts and times beside the events of the ledger and the checks.

import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { RELEASE } from '../lib/program-version.ts'
import type { GaugeSource, HistogramSource } from '../observe/metrics.ts'
import { createDeliveryMeter, type DeliveryMeter } from './delivery-meter.ts'
import { createDnsMeter, type DnsMeter } from './dns-meter.ts'
import { createMessageMeter, type MeteredMessages } from './message-times.ts'

export interface Meters {
  readonly delivery: DeliveryMeter
  readonly dns: DnsMeter
  readonly messages: MeteredMessages
  readonly metrics: readonly GaugeSource[]
  readonly histograms: readonly HistogramSource[]
}

export function createMeters({ role }: Pick<Config, 'role'>, clock: Clock): Meters {
  const delivery = createDeliveryMeter(clock)
  const dns = createDnsMeter(clock)
  const messages = createMessageMeter()
  return {
    delivery,
    dns,
    messages,
    metrics: [nodeInfo(role.role), ...delivery.metrics, ...dns.metrics, ...messages.metrics],
    histograms: [...delivery.histograms, dns.histogram, messages.histogram],
  }
}

/** The role is no label of every metric: a query joins with this one. */
function nodeInfo(role: string): GaugeSource {
  return {
    name: 'waypost_node_info',
    help: 'Always 1, with the role and the version of the node. Multiply by it to see a metric by role.',
    labels: ['role', 'version'],
    read: () => [{ labels: { role, version: RELEASE }, value: 1 }],
  }
}
