// Config → listeners, each with its hooks.

import { createAuthentication } from '../reception/login.ts'
import type { Authentication } from '../reception/login.ts'
import { createHooks } from '../reception/session-hooks.ts'
import type { HookParts } from '../reception/session-hooks.ts'
import { createRejectionLedger } from '../reception/rejection-ledger.ts'
import { lazyAuthenticator } from '../filter/lazy-authenticator.ts'
import { buildChecks } from './checks.ts'
import type { Config } from '../config/config.ts'
import type { ListenerConfig } from '../config/listeners.ts'
import type { CertificateAuthenticator, PasswordAuthenticator } from '../auth/authenticator.ts'
import type { Guard } from '../auth/login-throttle.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { SpamScanner } from '../filter/spam-scan.ts'
import type { Intake } from '../intake/intake.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import type { EventLog } from '../observe/json-log.ts'
import { Peers } from '../policy/peers.ts'
import { createChecks } from '../policy/run-checks.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { Router } from '../route/resolution.ts'
import { startListener } from '../server/listener.ts'
import type { Listener } from '../server/listener.ts'
import type { ListenerSettings } from '../server/listener-settings.ts'
import type { TlsMaterial } from '../server/tls-material.ts'
import { domainOf } from '../smtp/mailbox.ts'

export interface ReceivingParts {
  readonly queue: Queue
  readonly intake: Intake
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: EventLog
  readonly data: { readonly router: Router; readonly machines: CertificateAuthenticator }
  /** Null without a spam filter. */
  readonly spam: SpamScanner | null
  readonly newQueueId: () => string
  readonly guard: Guard
  readonly passwords: PasswordAuthenticator
  readonly certificate: Current<TlsMaterial | null>
}

/** Starts every listener of the role. If one cannot be bound, closes those that are open and rejects. */
export async function startListeners(config: Config, parts: ReceivingParts): Promise<Listener[]> {
  const shared = sharedByListeners(config, parts)
  const started: Listener[] = []
  try {
    for (const listener of config.listeners) started.push(await start(config, parts, { listener, shared }))
  } catch (error) {
    await Promise.all(started.map((one) => one.close()))
    throw error
  }
  return started
}

interface Shared extends Omit<HookParts, 'checks' | 'authentication' | 'bareNewline'> {
  readonly checksOf: ReturnType<typeof buildChecks>
}

/** Throttles, the ledger of refusals and the storage check count over all listeners. */
function sharedByListeners(config: Config, parts: ReceivingParts): Shared {
  const { queue, intake, resolver, clock, log, data, spam, newQueueId } = parts
  return {
    checksOf: buildChecks(config, {
      resolver,
      authenticator: () => lazyAuthenticator(resolver),
      router: data.router,
      spam,
      queue,
      clock,
    }),
    intake,
    queue,
    rejections: createRejectionLedger({ clock, queue, log }),
    newQueueId,
    clock,
    log,
    messageSize: config.limits.message_size,
  }
}

async function start(
  config: Config,
  parts: ReceivingParts,
  one: { readonly listener: ListenerConfig; readonly shared: Shared },
): Promise<Listener> {
  const { listener, shared } = one
  const { clock, log, data } = parts
  const admission = {
    admit: listener.admit,
    peers: peersOf(config, listener),
    machines: listener.admit.includes('machines') ? data.machines : null,
  }
  const hooks = createHooks({
    ...shared,
    checks: createChecks(shared.checksOf(admission), { clock, log }),
    authentication: listener.admit.includes('users') ? authentication(config, parts) : null,
    bareNewline: listener.bare_newline,
  })
  const settings = listenerSettings(listener, parts.certificate.value !== null)
  if (settings.tls !== listener.tls)
    log.warn(
      { listener: listener.name },
      'STARTTLS is not offered and mail arrives in cleartext: no certificate is configured (tls)',
    )
  return startListener(settings, {
    hooks,
    certificate: parts.certificate,
    clock,
    hostname: config.hostname,
    postmaster: postmasterOf(config),
    limits: {
      messageSize: config.limits.message_size,
      recipients: config.limits.recipients,
      connections: config.limits.connections,
      connectionsPerClient: config.limits.connections_per_ip,
      commandMs: config.limits.command_timeout,
      dataIdleMs: config.limits.command_timeout,
    },
    log,
  })
}

/**
 * Where mail for `<Postmaster>` goes. Every client may write to it (RFC 5321 4.5.1), and no client may relay through it: for a postmaster
 * in another domain this is the postmaster address of the main domain, which routing always resolves.
 */
function postmasterOf({ postmaster, domain }: Config): string {
  return domainOf(postmaster).toLowerCase() === domain.toLowerCase() ? postmaster : `postmaster@${domain}`
}

/** STARTTLS is offered where there is a certificate (RFC 3207). `waypost check` refuses listeners that need one and have none. */
function listenerSettings(listener: ListenerConfig, hasCertificate: boolean): ListenerSettings {
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

function peersOf(config: Config, listener: ListenerConfig): Peers {
  const roles = listener.peers.length > 0 ? listener.peers : Object.keys(config.peers)
  return new Peers(
    roles.flatMap((role) =>
      (config.peers[role] ?? []).map(({ addresses, fingerprints }) => ({ role, addresses, fingerprints })),
    ),
  )
}

function authentication(config: Config, parts: ReceivingParts): Authentication {
  const { passwords, guard } = parts
  return createAuthentication({ passwords, certificates: null, guard, domain: config.domain })
}
