// Config → delivery: who is tried, how secure, from which address, how much at once.

import { networkInterfaces } from 'node:os'
import { createSecureContext } from 'node:tls'
import type { Config } from '../config/config.ts'
import { loadShippedReplyRules } from '../config/reply-rules-file.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import { createAgent, standardAgent } from '../delivery/attempt/agent.ts'
import { createDispatcher, standardDispatcher } from '../delivery/dispatcher.ts'
import type { Dispatcher } from '../delivery/dispatcher.ts'
import { createHostFinder, MX_ADDRESS_LIMIT } from '../delivery/hosts/host-finder.ts'
import type { HostSettings } from '../delivery/hosts/host-finder.ts'
import type { DeliveryLog } from '../delivery/log-port.ts'
import { ConnectionPool, standardPool } from '../delivery/attempt/connection-pool.ts'
import { createReplyRules } from '../delivery/attempt/reply-rules.ts'
import { HostLimiter } from '../delivery/attempt/shared-limits.ts'
import { createSmtpTransport } from '../delivery/smtp-client/smtp-transport.ts'
import type { SourceCheck } from '../delivery/hosts/source-check.ts'
import { standardTimeouts } from '../delivery/smtp-client/transport-settings.ts'
import type { TransportSettings } from '../delivery/smtp-client/transport-settings.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import { systemRandom } from '../lib/random.ts'
import { tlsPolicies } from '../delivery/tls-policy/configured-policies.ts'
import { followTls } from '../delivery/tls-policy/follow-tls.ts'
import { destinationRules, heloOf, sourceOf } from './outgoing.ts'
import type { Queue } from '../queue/contract/queue.ts'
import { defaultSchedulerSettings } from '../queue/scheduling/scheduler.ts'
import { SMTP_PORT } from '../smtp/nexthop.ts'

export interface DeliveryParts {
  readonly queue: Queue
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: DeliveryLog
  readonly noticesDue: () => void
  /** This node's own certificate at the moment. */
  readonly tls: () => TlsMaterial | null
  /** Which of our own addresses may be shown to the internet; null where that does not matter. */
  readonly addresses: SourceCheck | null
}

export function buildDelivery(config: Config, parts: DeliveryParts): Dispatcher {
  const { clock, queue } = parts
  const rules = destinationRules(config, parts.tls)
  const { idle, messages, age } = config.delivery.connection
  const pool = new ConnectionPool({ ...standardPool, idleMs: idle, maxMessages: messages, maxAgeMs: age }, clock)
  const agent = createAgent(standardAgent, {
    hosts: createHostFinder(
      { ...hostSettings(config), ruleFor: (place) => rules.forHost(place) },
      {
        resolver: parts.resolver,
        random: systemRandom,
        mayReach: (address, source) =>
          parts.addresses?.mayReach(address, source ?? config.delivery.source.ipv6 ?? null) ?? true,
      },
    ),
    transport: createSmtpTransport(transportSettings(config, parts.tls), { clock }),
    pool,
    clock,
    openBody: (body) => queue.openBody(body),
    replies: createReplyRules([...config.delivery.replies, ...loadShippedReplyRules()]),
    limiter: new HostLimiter(),
  })
  const { concurrency, destination_concurrency } = config.delivery
  const scheduler = {
    ...defaultSchedulerSettings,
    limitsFor: (nextHop: string) => rules.forNextHop(nextHop)?.limits ?? null,
    maximalConcurrency: destination_concurrency,
    initialConcurrency: Math.min(defaultSchedulerSettings.initialConcurrency, destination_concurrency),
    totalConcurrency: concurrency,
    unreachableMs: config.queue.minimal_backoff,
  }
  return createDispatcher({ ...standardDispatcher, scheduler }, { ...parts, agent, pool })
}

function hostSettings(config: Config): HostSettings {
  return {
    peers: new Map(
      Object.entries(config.peers).map(([role, peers]) => [
        role,
        peers.map(({ host, port, name }) => ({
          host,
          port: port || SMTP_PORT,
          ...(name === undefined ? {} : { name }),
        })),
      ]),
    ),
    // Nodes that share a CA know each other by it; without one there is nothing to verify against.
    peerTls: config.tls?.ca ? tlsPolicies.verify : tlsPolicies.may,
    tls: tlsPolicies[config.delivery.tls],
    mxPort: config.delivery.mx_port,
    ourNames: new Set([config.hostname]),
    ourAddresses: ownAddresses(config),
    addressLimit: MX_ADDRESS_LIMIT,
  }
}

/** Addresses at which an MX host would be this very node: only where it really listens on the port of MX hosts. */
function ownAddresses(config: Config): ReadonlySet<string> {
  const listening = config.listeners.filter((one) => one.port === config.delivery.mx_port)
  const everywhere = listening.some((one) => one.host === '::' || one.host === '0.0.0.0')
  const local = everywhere
    ? Object.values(networkInterfaces()).flatMap((cards) => (cards ?? []).map((card) => card.address))
    : []
  return new Set([...local, ...listening.map((one) => one.host)])
}

function transportSettings(config: Config, tls: () => TlsMaterial | null): TransportSettings {
  const { connect_timeout, greeting_timeout, source, helo } = config.delivery
  const opportunistic = createSecureContext({ minVersion: 'TLSv1.2' })
  return {
    helo: heloOf(helo, config),
    timeouts: { ...standardTimeouts, connect: connect_timeout, greeting: greeting_timeout, ehlo: greeting_timeout },
    tls: followTls(tls, (own) => ({
      opportunistic,
      verified: createSecureContext({
        ...(own ? { cert: own.certificate, key: own.key } : {}),
        ca: own?.ca ?? undefined,
        minVersion: 'TLSv1.2',
      }),
    })),
    source: sourceOf(source, config),
  }
}
