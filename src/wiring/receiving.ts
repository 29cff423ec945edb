// Config → listeners: each with the hooks that bind policy, auth and intake behind it.

import { createAuthentication } from '../reception/login.ts'
import { createClientNames } from '../reception/client-names.ts'
import type { Authentication } from '../reception/login.ts'
import { createHooks } from '../reception/session-hooks.ts'
import type { HookParts } from '../reception/session-hooks.ts'
import { createRejectionLedger } from '../reception/rejection-ledger.ts'
import { createStorageGate } from '../reception/storage-gate.ts'
import type { Config } from '../config/config.ts'
import type { ListenerConfig } from '../config/listeners.ts'
import type { CertificateAuthenticator, PasswordAuthenticator } from '../auth/authenticator.ts'
import type { Guard } from '../auth/login-throttle.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Intake } from '../intake/intake.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import type { EventLog } from '../observe/json-log.ts'
import { Peers } from '../policy/peers.ts'
import type { MaySendAs } from '../policy/checks/sender.ts'
import { createSrsGuesses } from '../policy/checks/srs-hash-throttle.ts'
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
  readonly guard: Guard
  readonly passwords: PasswordAuthenticator
  readonly certificate: Current<TlsMaterial | null>
}

/** Starts every listener of the role; if one cannot be bound, those already open are closed and the error is thrown. */
export async function startListeners(config: Config, parts: ReceivingParts): Promise<Listener[]> {
  const shared = sharedHookParts(config, parts)
  const started: Listener[] = []
  try {
    for (const listener of config.listeners) started.push(await start(config, parts, { listener, shared }))
  } catch (error) {
    await Promise.all(started.map((one) => one.close()))
    throw error
  }
  return started
}

type Shared = Omit<HookParts, 'admission' | 'authentication' | 'bareNewline'>

function sharedHookParts(config: Config, parts: ReceivingParts): Shared {
  const { queue, intake, resolver, clock, log, data } = parts
  return {
    clientNames: createClientNames({ resolver, clock }),
    recipient: { router: data.router, internet: config.role.internet },
    guesses: createSrsGuesses(clock),
    maySendAs: config.role.checks.includes('sender') ? senderRights(data) : null,
    intake,
    queue,
    storage: createStorageGate(queue, clock),
    rejections: createRejectionLedger({ clock, queue, log }),
    clock,
    messageSize: config.limits.message_size,
    bug: (error, context) => log.bug(error, context),
  }
}

/** The one question of who may send as what, with whatever routing data is current. */
export function senderRights(data: { readonly router: Router }): MaySendAs {
  return (origin, address) => {
    if (origin.kind !== 'user' && origin.kind !== 'machine') return Promise.resolve({ kind: 'no', allowed: [] })
    return data.router.maySendAs(origin, address)
  }
}

async function start(
  config: Config,
  parts: ReceivingParts,
  one: { listener: ListenerConfig; shared: Shared },
): Promise<Listener> {
  const { listener, shared } = one
  const hooks = createHooks({
    ...shared,
    admission: {
      admit: listener.admit,
      peers: peersOf(config, listener),
      machines: listener.admit.includes('machines') ? parts.data.machines : null,
    },
    authentication: listener.admit.includes('users') ? authentication(config, parts) : null,
    bareNewline: listener.bare_newline,
  })
  const { log } = parts
  const settings = listenerSettings(listener, parts.certificate.value !== null)
  if (settings.tls !== listener.tls)
    log.warn(
      { listener: listener.name },
      'no certificate is configured: STARTTLS is not offered, mail comes in the clear',
    )
  return startListener(settings, {
    hooks,
    certificate: parts.certificate,
    clock: parts.clock,
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
    log: {
      notice: (message, fields) => log.info({ ...fields, listener: listener.name }, message),
      bug: (where, error, fields) => log.bug(error, where, fields),
    },
  })
}

/**
 * Where mail for `<Postmaster>` goes. Anybody may write to him (RFC 5321 4.5.1), and nobody may be relayed: a postmaster in another
 * domain is reached by the main domain's name for him, which routing always answers.
 */
function postmasterOf({ postmaster, domain }: Config): string {
  return domainOf(postmaster).toLowerCase() === domain.toLowerCase() ? postmaster : `postmaster@${domain}`
}

/** STARTTLS is offered where there is a certificate (RFC 3207); `waypost check` has refused listeners that admit nobody without it. */
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
    bareNewline: listener.bare_newline,
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
