// Config → the settings for mail programs, and the HTTPS listener that gives them.

import type { ClientHttpsSettings } from '../autoconfig/client-https.ts'
import type { MailServer, MailService } from '../autoconfig/mail-service.ts'
import type { Config } from '../config/config.ts'
import type { ListenerConfig } from '../config/listeners.ts'
import { isLoopbackAddress } from '../lib/ip-address.ts'

/** Null without `autoconfig`, or if no listener with TLS admits users. */
export function mailServiceOf(config: Config): MailService | null {
  const { autoconfig, domain, hostname } = config
  if (!autoconfig) return null
  const servers = config.listeners.flatMap((one) => serverOf(config, one, autoconfig.server ?? hostname))
  // TLS from the first octet comes first (RFC 8314 3.3).
  const [first, ...others] = servers.toSorted((a, b) => Number(a.tls !== 'implicit') - Number(b.tls !== 'implicit'))
  if (!first) return null
  const { name, login, incoming, help } = autoconfig
  const domains = (autoconfig.domains ?? [domain]) as [string, ...string[]]
  return {
    name: name ?? domains[0],
    domains,
    outgoing: [first, ...others],
    login,
    incoming: incoming && {
      protocol: incoming.protocol,
      host: incoming.server,
      port: incoming.port,
      tls: incoming.tls,
      login: incoming.login,
    },
    help: help ?? null,
  }
}

/** The name under which the HTTPS service is found. */
export function httpsHostOf({ autoconfig, hostname }: Config): string {
  return autoconfig?.https_host ?? hostname
}

/** Null without a listener. */
export function clientHttpsSettings(config: Config): ClientHttpsSettings | null {
  const service = mailServiceOf(config)
  const listen = config.autoconfig?.listen
  return service && listen ? { host: listen.host, port: listen.port, httpsHost: httpsHostOf(config), service } : null
}

/** A listener on a loopback address is behind a load balancer, which has the port of the role. */
function serverOf({ role }: Config, { admit, tls, host, port, name }: ListenerConfig, server: string): MailServer[] {
  if (!admit.includes('users') || tls === 'none') return []
  const publicPort = isLoopbackAddress(host) ? (role.listeners[name]?.port ?? port) : port
  return [{ host: server, port: publicPort, tls: tls === 'implicit' ? 'implicit' : 'starttls' }]
}
