// Config → the settings of delivery: hosts, connections, concurrency, source addresses, TLS.

import { networkInterfaces } from 'node:os'
import type { Config } from '../config/config.ts'
import { loadShippedReplyRules } from '../config/reply-rules-file.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import type { DestinationRules } from '../delivery/hosts/destination-rules.ts'
import { standardDispatcher } from '../delivery/dispatcher.ts'
import type { DispatcherSettings } from '../delivery/dispatcher.ts'
import { fixedHostRetryMs } from '../delivery/fixed-host-retry.ts'
import { MX_ADDRESS_LIMIT } from '../delivery/hosts/host-settings.ts'
import type { HostSettings } from '../delivery/hosts/host-settings.ts'
import { standardPool } from '../delivery/attempt/connection-pool.ts'
import type { PoolSettings } from '../delivery/attempt/connection-pool.ts'
import type { ReplyRule } from '../delivery/attempt/reply-rules.ts'
import { tlsPolicies } from '../delivery/tls-policy/configured-policies.ts'
import { generalContexts } from '../delivery/tls-policy/client-contexts.ts'
import { standardTimeouts } from '../delivery/smtp-client/transport-settings.ts'
import type { TransportSettings } from '../delivery/smtp-client/transport-settings.ts'
import type { Current } from '../lib/current.ts'
import { defaultSchedulerSettings } from '../queue/scheduling/scheduler.ts'
import { peerPort } from '../smtp/nexthop.ts'
import { generalPolicy } from './tls-policy-settings.ts'
import { type DestinationParts, destinationRules, heloOf, sourceOf, tlsOptions } from './destination-settings.ts'

export interface DeliverySettings {
  readonly dispatcher: DispatcherSettings
  /** Concurrent attempts over all destinations. */
  readonly concurrency: number
  readonly hosts: HostSettings
  readonly pool: PoolSettings
  /** Rules for remote replies; the first match counts. */
  readonly replies: readonly ReplyRule[]
  readonly transport: TransportSettings
}

export function deliverySettings(config: Config, parts: DestinationParts): DeliverySettings {
  const rules = destinationRules(config, parts)
  const { idle, messages, age } = config.delivery.connection
  return {
    dispatcher: dispatcherSettings(config, rules),
    concurrency: config.delivery.concurrency,
    hosts: hostSettings(config, rules),
    pool: { ...standardPool, idleMs: idle, maxMessages: messages, maxAgeMs: age },
    replies: [...config.delivery.replies, ...loadShippedReplyRules()],
    transport: transportSettings(config, parts.certificate),
  }
}

function dispatcherSettings(config: Config, rules: DestinationRules): DispatcherSettings {
  const { destination_concurrency } = config.delivery
  return {
    ...standardDispatcher,
    scheduler: {
      ...defaultSchedulerSettings,
      limitsFor: (nextHop: string) => rules.forNextHop(nextHop)?.limits ?? null,
      maximalConcurrency: destination_concurrency,
      initialConcurrency: Math.min(defaultSchedulerSettings.initialConcurrency, destination_concurrency),
      unreachableMs: config.queue.minimal_backoff,
      unreachableMsFor: (nextHop: string) => fixedHostRetryMs(nextHop, config.queue.minimal_backoff),
    },
  }
}

function hostSettings(config: Config, rules: DestinationRules): HostSettings {
  return {
    peers: new Map(
      Object.entries(config.peers).map(([role, peers]) => [
        role,
        peers.map(({ host, port, name }) => ({
          host,
          port: port || peerPort(role),
          ...(name === undefined ? {} : { name }),
        })),
      ]),
    ),
    // Fleet nodes verify each other by their common CA; without one nothing can be verified.
    peerTls: config.tls?.ca ? tlsPolicies.verify : tlsPolicies.may,
    tls: generalPolicy(config),
    prefer: config.delivery.prefer === 'both' ? null : config.delivery.prefer,
    mxPort: config.delivery.mx_port,
    ourNames: new Set([config.hostname]),
    ourAddresses: ownAddresses(config),
    addressLimit: MX_ADDRESS_LIMIT,
    ruleFor: (place) => rules.forHost(place),
  }
}

/** Addresses at which an MX host is this node: those where it listens on the port of MX hosts. */
function ownAddresses(config: Config): ReadonlySet<string> {
  const listening = config.listeners.filter((one) => one.port === config.delivery.mx_port)
  const everywhere = listening.some((one) => one.host === '::' || one.host === '0.0.0.0')
  const local = everywhere
    ? Object.values(networkInterfaces()).flatMap((cards) => (cards ?? []).map((card) => card.address))
    : []
  return new Set([...local, ...listening.map((one) => one.host)])
}

function transportSettings(config: Config, certificate: Current<TlsMaterial | null>): TransportSettings {
  const { connect_timeout, greeting_timeout, source, helo } = config.delivery
  return {
    helo: heloOf(helo, config),
    timeouts: { ...standardTimeouts, connect: connect_timeout, greeting: greeting_timeout, ehlo: greeting_timeout },
    tls: generalContexts(certificate, tlsOptions(config.delivery)),
    source: sourceOf(source, config),
  }
}
