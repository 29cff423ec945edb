// Config → the settings of the SMTP listeners.

import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { ListenerConfig } from '../config/listeners.ts'
import { networkMatcher } from '../lib/ip-address.ts'
import { Peers } from '../policy/peers.ts'
import type { SocketPlace } from '../server/bind-socket.ts'
import type { ListenerSettings } from '../server/listener-settings.ts'
import type { ProxyPorts } from '../server/proxy/header-waits.ts'
import type { ServerLimits } from '../server/server-limits.ts'
import type { SessionPools } from '../server/session-places.ts'
import type { LocalNames } from '../smtp/public-address.ts'
import { domainOf } from '../smtp/mailbox.ts'

const ofTokens = ['OAUTHBEARER', 'XOAUTH2'] as const
/** The strongest first: some clients take the first one that they know. */
const ofUsers = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const

/** STARTTLS is offered where there is a certificate (RFC 3207). `waypost check` refuses listeners that need one and have none. */
export function listenerSettings(
  listener: ListenerConfig,
  has: {
    readonly socket: SocketPlace | null
    readonly certificate: boolean
    readonly verifiedWay: boolean
    readonly userCertificates: boolean
    readonly tokens: boolean
    readonly localNames: LocalNames | null
  },
): ListenerSettings {
  const { name, host, port, admit } = listener
  const tls = listener.tls === 'starttls' && !has.certificate ? 'none' : listener.tls
  const external = admit.includes('users') && has.userCertificates ? (['EXTERNAL'] as const) : []
  return {
    name,
    host,
    port,
    tls,
    requestCertificate:
      tls !== 'none' && (admit.includes('peers') || admit.includes('machines') || external.length > 0),
    mechanisms: has.socket
      ? ['EXTERNAL']
      : admit.includes('users')
        ? [...external, ...ofUsers, ...(has.tokens ? ofTokens : [])]
        : [],
    ...(has.socket && { socket: has.socket }),
    requireTls: has.verifiedWay,
    greetAtOnce: !admit.includes('internet'),
    ...(has.localNames && { localNames: has.localNames }),
  }
}

/** A listener that no stranger uses gives unproven clients only the time for a handshake. */
const HANDSHAKE_MS = { unprovenMs: 20_000, fullUnprovenMs: 5_000 }

/** What the sessions of a listener need of the configuration. */
interface SessionConfig {
  readonly limits: Pick<
    Config['limits'],
    'message_size' | 'recipients' | 'connections' | 'connections_per_ip' | 'command_timeout'
  >
}

export function serverLimits(
  { limits }: SessionConfig,
  listener: Pick<ListenerConfig, 'admit'>,
): Partial<ServerLimits> {
  return {
    ...(isForKnown(listener) && HANDSHAKE_MS),
    messageSize: limits.message_size,
    recipients: limits.recipients,
    commandMs: limits.command_timeout,
    dataIdleMs: limits.command_timeout,
  }
}

/** Only fleet nodes and machines, which show a certificate or come from a listed address. */
function isForKnown({ admit }: Pick<ListenerConfig, 'admit'>): boolean {
  return admit.every((one) => one === 'peers' || one === 'machines')
}

/** The part of `limits.connections` for connections without a proof (budget `unprovenSessions`). */
const UNPROVEN_PART = 0.4
/** The part of `limits.connections_per_ip` for them on a listener that no stranger uses. */
const KNOWN_ONLY_SHARE = 0.1

/** Opens the pools of a listener. */
export function sessionPools(
  { limits }: SessionConfig,
  listener: Pick<ListenerConfig, 'admit'>,
  budgets: Pick<Budgets, 'pool'>,
): SessionPools {
  const { connections: capacity, connections_per_ip: client } = limits
  return {
    sessions: budgets.pool('sessions', { capacity }),
    unproven: budgets.pool('unprovenSessions', { capacity: Math.ceil(capacity * UNPROVEN_PART) }),
    clientShare: client,
    unprovenShare: isForKnown(listener) ? Math.ceil(client * KNOWN_ONLY_SHARE) : client,
  }
}

/** The configured addresses of all fleet nodes, whichever of them the listener admits as peers: bounces of an srs come to the mx too. */
export function fleetAddresses({ peers }: Pick<Config, 'peers'>): (ip: string) => boolean {
  return networkMatcher(Object.values(peers).flatMap((nodes) => nodes.flatMap(({ addresses }) => addresses)))
}

/** The load balancers in front of a listener; null without one. */
export function balancersOf(
  { proxy }: Pick<ListenerConfig, 'proxy'>,
  { budgets, count }: { readonly budgets: Pick<Budgets, 'pool'> } & Pick<ProxyPorts, 'count'>,
): ProxyPorts | null {
  if (proxy.length === 0) return null
  return { isBalancer: networkMatcher(proxy), places: budgets.pool('proxyHeaders'), count }
}

/** The peers that a listener admits: those of the roles that it names, or all. */
export function peersOf(config: Pick<Config, 'peers'>, listener: Pick<ListenerConfig, 'peers'>): Peers {
  const roles = listener.peers.length > 0 ? listener.peers : Object.keys(config.peers)
  return new Peers(
    roles.flatMap((role) =>
      (config.peers[role] ?? []).map(({ addresses, fingerprints }) => ({ role, addresses, fingerprints })),
    ),
  )
}

/**
 * Where mail for `<Postmaster>` goes. Every client may write to it (RFC 5321 4.5.1), and no client may relay through it: for a postmaster
 * in another domain this is the postmaster address of the main domain, which routing always resolves.
 */
export function postmasterAddress({ postmaster, domain }: Pick<Config, 'postmaster' | 'domain'>): string {
  return domainOf(postmaster).toLowerCase() === domain.toLowerCase() ? postmaster : `postmaster@${domain}`
}
