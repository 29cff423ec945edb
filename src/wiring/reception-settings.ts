// Config → the settings of the SMTP listeners.

import type { Config } from '../config/config.ts'
import type { ListenerConfig } from '../config/listeners.ts'
import { Peers } from '../policy/peers.ts'
import type { ListenerSettings } from '../server/listener-settings.ts'
import type { ServerLimits } from '../server/server-limits.ts'
import { domainOf } from '../smtp/mailbox.ts'

/** STARTTLS is offered where there is a certificate (RFC 3207). `waypost check` refuses listeners that need one and have none. */
export function listenerSettings(listener: ListenerConfig, hasCertificate: boolean): ListenerSettings {
  const { name, host, port, admit } = listener
  const tls = listener.tls === 'starttls' && !hasCertificate ? 'none' : listener.tls
  return {
    name,
    host,
    port,
    tls,
    requestCertificate: tls !== 'none' && (admit.includes('peers') || admit.includes('machines')),
    mechanisms: admit.includes('users') ? ['PLAIN', 'LOGIN'] : [],
    greetAtOnce: !admit.includes('internet'),
  }
}

export function serverLimits({ limits }: Pick<Config, 'limits'>): Partial<ServerLimits> {
  return {
    messageSize: limits.message_size,
    recipients: limits.recipients,
    commandMs: limits.command_timeout,
    dataIdleMs: limits.command_timeout,
  }
}

/** What the configuration changes of the budget `sessions`. */
export function sessionLimits({ limits }: Pick<Config, 'limits'>): {
  readonly capacity: number
  readonly client: number
} {
  return { capacity: limits.connections, client: limits.connections_per_ip }
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
