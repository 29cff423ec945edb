// Starts one listener: binds, greets, sweeps, drains, closes. The only way into this room for the assembly.

import type { AddressInfo } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import { createAdmission } from './connection-limits.ts'
import type { ListenerContext } from './context.ts'
import type { ServerHooks } from './server-hooks.ts'
import { defaultLimits, type ServerLimits } from './server-limits.ts'
import type { ListenerSettings } from './listener-settings.ts'
import { MailServer } from './mail-server.ts'
import type { ServerLog } from './server-log.ts'
import { objectToMaterial, type TlsMaterial } from './tls-material.ts'

export interface ListenerPorts {
  readonly hooks: ServerHooks
  /** This node's certificate; null only where the listener has no TLS. */
  readonly certificate: Current<TlsMaterial | null>
  readonly log: ServerLog
  readonly clock: Clock
  readonly hostname: string
  readonly limits?: Partial<ServerLimits>
  /** Where mail for `<Postmaster>` goes; `postmaster@hostname` unless told. */
  readonly postmaster?: string
}

export interface Listener {
  /** The address that is really bound. */
  address(): AddressInfo
  /** Connections at this moment, those that close or shake hands included. */
  sessions(): number
  /** Takes the material anew; null if it is in use now, else why it cannot be (the old one stays). */
  updateTls(): string | null
  /** Takes no more connections, lets transactions end for up to `ms`, then cuts the rest. Resolves when all are gone. */
  drain(ms: number): Promise<void>
  /** Cuts everything at once. */
  close(): Promise<void>
}

/** How often time limits are looked at. */
const SWEEP_MS = 1000
/** How often a drain looks whether the last session has gone. */
const DRAIN_STEP_MS = 50

/** Starts listening. Rejects if the address cannot be bound or the TLS material cannot be used. */
export async function startListener(settings: ListenerSettings, ports: ListenerPorts): Promise<Listener> {
  const limits: ServerLimits = { ...defaultLimits, ...ports.limits }
  let draining = false
  const context: ListenerContext = {
    settings,
    hooks: ports.hooks,
    limits,
    log: ports.log,
    clock: ports.clock,
    hostname: ports.hostname,
    postmaster: ports.postmaster ?? `postmaster@${ports.hostname}`,
    draining: () => draining,
  }
  const admission = createAdmission(limits)
  const server = new MailServer(context, admission)
  const updateTls = () => takeMaterial(server, settings, ports.certificate.value)
  const objection = updateTls()
  if (objection !== null) throw new Error(`listener ${settings.name}: ${objection}`)
  await bind(server, settings)
  const stopSweep = sweep(server, context, sweepStep(limits))
  const stop = async (): Promise<void> => {
    draining = true
    const closed = new Promise<void>((resolve) => server.server.close(() => resolve()))
    for (const socket of server._pendingSockets.values()) socket.destroy()
    for (const session of server.sessions) session.cut('shutdown')
    await closed
    stopSweep()
  }
  return {
    address: () => server.server.address() as AddressInfo,
    sessions: () => admission.open,
    updateTls,
    drain: async (ms) => {
      draining = true
      server.server.close(() => {})
      for (const session of server.sessions) session.drain()
      const end = ports.clock.now() + ms
      while (server.sessions.length > 0 && ports.clock.now() < end) await ports.clock.sleep(DRAIN_STEP_MS)
      await stop()
    },
    close: stop,
  }
}

function takeMaterial(server: MailServer, settings: ListenerSettings, material: TlsMaterial | null): string | null {
  if (settings.tls === 'none') return null
  if (!material) return 'TLS is configured and there is no certificate'
  const objection = objectToMaterial(material)
  if (objection === null) server.useMaterial(material)
  return objection
}

function bind(server: MailServer, settings: ListenerSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      reject(
        new Error(`listener ${settings.name}: cannot listen on ${settings.host}:${settings.port}: ${error.message}`),
      )
    }
    server.server.once('error', refuse)
    server.server.listen({ host: settings.host, port: settings.port, backlog: BACKLOG }, () => {
      server.server.removeListener('error', refuse)
      resolve()
    })
  })
}

/** Connections the kernel may hold for us; the default of 511 is too small for a burst after an outage. */
const BACKLOG = 1024

/** Never coarser than a quarter of the shortest limit. */
function sweepStep(limits: ServerLimits): number {
  const shortest = Math.min(limits.commandMs, limits.handshakeMs, limits.dataIdleMs, limits.dataMs, limits.sessionMs)
  return Math.max(10, Math.min(SWEEP_MS, shortest / 4))
}

function sweep(server: MailServer, { clock, log, settings }: ListenerContext, step: number): () => void {
  const stopped = new AbortController()
  const run = async () => {
    while (!stopped.signal.aborted) {
      await clock.sleep(step, stopped.signal)
      const now = clock.now()
      for (const session of server.sessions) session.sweep(now)
    }
  }
  run().catch((error: unknown) => {
    if (!stopped.signal.aborted) log.bug('sweep', error, { listener: settings.name })
  })
  return () => stopped.abort(new Error('listener closed'))
}
