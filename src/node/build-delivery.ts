// Builds the delivery engine of a node from its settings.

import { budgetTable } from '../budget/budget-table.ts'
import type { Budgets } from '../budget/budgets.ts'
import { type AgentPorts, standardAgent } from '../delivery/attempt/agent.ts'
import { createAgent } from '../delivery/attempt/attempt.ts'
import { createDispatcher } from '../delivery/dispatcher.ts'
import type { DispatcherPorts } from '../delivery/dispatcher.ts'
import type { DeliveryEngine } from '../delivery/engine.ts'
import { createHostFinder } from '../delivery/hosts/host-finder.ts'
import { ConnectionPool } from '../delivery/attempt/connection-pool.ts'
import { createReplyRules } from '../delivery/attempt/reply-rules.ts'
import { HostLimiter } from '../delivery/attempt/shared-limits.ts'
import { HostSlots } from '../delivery/slots/host-slots.ts'
import { ReportShare } from '../delivery/slots/report-share.ts'
import { WaitingHops } from '../delivery/slots/waiting-hops.ts'
import { createSmtpTransport } from '../delivery/smtp-client/smtp-transport.ts'
import type { SourceCheck } from '../delivery/hosts/source-check.ts'
import type { PolicySource } from '../delivery/tls-policy/tls-policy.ts'
import type { Resolver } from '../dns/resolver.ts'
import { systemRandom } from '../lib/random.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import type { ReportWatch } from './report-watch.ts'
import type { ProbeWatch } from './probe-watch.ts'
import type { DeliveryMeter } from './delivery-meter.ts'
import type { DeliverySettings } from '../wiring/delivery-settings.ts'

export interface DeliveryParts extends Pick<DispatcherPorts, 'clock' | 'log' | 'noticesDue'> {
  readonly queue: OpenQueue
  readonly budgets: Budgets
  readonly resolver: Resolver
  /** The source addresses that may be used towards the internet; null for a node that never sends there. */
  readonly addresses: SourceCheck | null
  /** Null for a node that reads no reports. */
  readonly reports: Pick<ReportWatch, 'agent'> | null
  /** Null without the section `probe`. */
  readonly probe: Pick<ProbeWatch, 'agent'> | null
  readonly meter: Pick<DeliveryMeter, 'agent'>
  readonly policySources: readonly PolicySource[]
  readonly sessions: AgentPorts['sessions'] | null
}

/** Nothing runs until the engine is started. */
export function buildDelivery(settings: DeliverySettings, parts: DeliveryParts): DeliveryEngine {
  const { clock, queue, resolver, addresses } = parts
  const { ipv6 } = settings.transport.source
  const pool = new ConnectionPool(settings.pool, clock)
  const waiting = new WaitingHops(clock)
  const budget = openPools(settings.concurrency, parts.budgets)
  const smtp = createAgent(standardAgent, {
    hosts: createHostFinder(settings.hosts, {
      resolver,
      random: systemRandom,
      mayReach: (address, source) => addresses?.mayReach(address, source ?? ipv6) ?? true,
    }),
    transport: createSmtpTransport(settings.transport, { clock }),
    policies: { resolver, clock, sources: parts.policySources },
    ...(parts.sessions && { sessions: parts.sessions }),
    pool,
    clock,
    openBody: (body) => queue.openBody(body),
    replies: createReplyRules(settings.replies),
    limiter: new HostLimiter(clock, waiting),
    hostSlots: new HostSlots({
      pool: budget.hosts,
      clock,
      waiting,
      idle: (address) => pool.idleTo(address),
      start: budgetTable.deliveryHosts,
    }),
  })
  const others = parts.reports?.agent(smtp) ?? smtp
  const agent = parts.meter.agent(parts.probe?.agent(others) ?? others)
  const reports = new ReportShare({ pool: budget.reports, waiting })
  return createDispatcher(settings.dispatcher, { ...parts, agent, pool, slots: budget.slots, reports, waiting })
}

/** The pools with the configured number of slots; the part of reports stays the same. */
function openPools(concurrency: number, budgets: Budgets) {
  const { deliverySlots, deliveryReports } = budgetTable
  const reports = Math.max(1, Math.floor((concurrency * deliveryReports.capacity) / deliverySlots.capacity))
  return {
    slots: budgets.pool('deliverySlots', { capacity: concurrency }),
    reports: budgets.pool('deliveryReports', { capacity: reports }),
    hosts: budgets.pool('deliveryHosts', { capacity: concurrency }),
  }
}
