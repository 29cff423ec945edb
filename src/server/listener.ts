// Starts one listener and controls it: binds, sweeps, drains, closes.

import type { AddressInfo } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { ListenerContext } from './context.ts'
import { bindSocket } from './bind-socket.ts'
import type { ServerHooks } from './server-hooks.ts'
import { defaultLimits, type ServerLimits } from './server-limits.ts'
import type { ListenerSettings } from './listener-settings.ts'
import { MailServer } from './mail-server.ts'
import type { FrontPorts } from './front-ports.ts'
import type { SessionPlaces } from './session-places.ts'
import { createServerCertificates } from './server-certificates.ts'
import type { TlsMaterial } from './tls-material.ts'

export interface ListenerPorts<Resolution> extends FrontPorts {
  readonly hooks: ServerHooks<Resolution>
  /** The node's certificate; null only where the listener has no TLS. */
  readonly certificate: Current<TlsMaterial | null>
  readonly log: Pick<Log, 'info' | 'bug'>
  readonly clock: Clock
  readonly hostname: string
  readonly limits?: Partial<ServerLimits>
  readonly places: SessionPlaces
  /** Where mail for `<Postmaster>` goes; `postmaster@hostname` if absent. */
  readonly postmaster?: string
  /** As in ListenerContext; none if absent. */
  readonly helpLink?: string | null
}

export interface Listener {
  /** The bound address. */
  address(): AddressInfo
  /** Current sessions, including those that are closing; a handshake of implicit TLS is none. */
  sessions(): number
  /** Reads the certificate again. Null if it is now in use, else the reason why the old one stays. */
  updateTls(): string | null
  /** Accepts no more connections, waits up to `ms` for transactions to end, then cuts the rest. Resolves when all are closed. */
  drain(ms: number): Promise<void>
  /** Cuts all sessions at once. */
  close(): Promise<void>
}

/** Interval of the check of time limits. */
const SWEEP_MS = 1000
/** Interval at which a drain counts sessions. */
const DRAIN_STEP_MS = 50

/** Rejects if the address cannot be bound or the certificate cannot be used. */
export async function startListener<Resolution>(
  settings: ListenerSettings,
  ports: ListenerPorts<Resolution>,
): Promise<Listener> {
  const limits: ServerLimits = { ...defaultLimits, ...ports.limits }
  let draining = false
  const context: ListenerContext<Resolution> = {
    settings,
    hooks: ports.hooks,
    limits,
    log: ports.log,
    clock: ports.clock,
    hostname: ports.hostname,
    postmaster: ports.postmaster ?? `postmaster@${ports.hostname}`,
    helpLink: ports.helpLink ?? null,
    draining: () => draining,
  }
  const server = new MailServer(context, ports.places, ports)
  const updateTls = () => useMaterial(server, settings, ports.certificate.value)
  const problem = updateTls()
  if (problem !== null) throw new Error(`listener ${settings.name}: ${problem}`)
  await (settings.socket ? bindSocket(server.server, settings.socket, BACKLOG) : bind(server, settings))
  const sweep = ports.clock.every(sweepInterval(limits), () => sweepSessions(server, context))
  const stop = async (): Promise<void> => {
    draining = true
    const closed = new Promise<void>((resolve) => server.server.close(() => resolve()))
    for (const socket of server._pendingSockets.values()) socket.destroy()
    for (const session of server.sessions) session.cut('shutdown')
    await closed
    sweep.cancel()
  }
  return {
    address: () => server.server.address() as AddressInfo,
    sessions: () => server.sessions.length,
    updateTls,
    drain: async (ms) => {
      draining = true
      server.server.close(() => {})
      for (const session of server.sessions) session.drain()
      const end = ports.clock.monotonic() + ms
      while (server.sessions.length > 0 && ports.clock.monotonic() < end) await ports.clock.sleep(DRAIN_STEP_MS)
      await stop()
    },
    close: stop,
  }
}

/** Null if the certificate is in use, else the reason why it is not. */
function useMaterial<Resolution>(
  server: MailServer<Resolution>,
  settings: ListenerSettings,
  material: TlsMaterial | null,
): string | null {
  if (settings.tls === 'none') return null
  if (!material) return 'TLS is configured, but there is no certificate'
  try {
    server.useCertificates(createServerCertificates(material))
    return null
  } catch (error) {
    return errorText(error)
  }
}

function bind<Resolution>(server: MailServer<Resolution>, settings: ListenerSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      const message = `listener ${settings.name}: cannot listen on ${settings.host}:${settings.port}: ${error.message}`
      reject(new Error(message, { cause: error }))
    }
    server.server.once('error', refuse)
    server.server.listen({ host: settings.host, port: settings.port, backlog: BACKLOG }, () => {
      server.server.removeListener('error', refuse)
      resolve()
    })
  })
}

/** Connections that wait in the kernel; Node's default of 511 is too small for a burst after an outage. */
const BACKLOG = 1024

/** Milliseconds: at most a quarter of the shortest limit. */
function sweepInterval(limits: ServerLimits): number {
  const { commandMs, handshakeMs, halfOpenMs, dataIdleMs, dataMs, sessionMs, unprovenMs } = limits
  const shortest = Math.min(commandMs, handshakeMs, halfOpenMs, dataIdleMs, dataMs, sessionMs, unprovenMs)
  return Math.max(10, Math.min(SWEEP_MS, shortest / 4))
}

function sweepSessions<Resolution>(
  server: MailServer<Resolution>,
  { log, settings }: ListenerContext<Resolution>,
): void {
  server.sweepHandshakes()
  for (const session of server.sessions) {
    try {
      session.sweep()
    } catch (error) {
      log.bug(error, 'sweep', { listener: settings.name, session: session.id })
    }
  }
}
