// Sockets as a port: opens one connection to one endpoint. Names were resolved before (delivery/hosts.ts), so no DNS here.

import { connect, isIPv6, type Socket } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import type { Target } from '../target.ts'
import type { SourceAddresses, TransportSettings } from './transport-settings.ts'

export type Dialled =
  | { readonly kind: 'connected'; readonly socket: Socket }
  | { readonly kind: 'lost'; readonly cause: string }

/** `source`: other local addresses than the usual ones. */
export type Dial = (endpoint: Target['endpoint'], source?: SourceAddresses | null) => Promise<Dialled>

/** Dials with the source address of the family and the connect time-out of the settings. */
export function createDial(settings: Pick<TransportSettings, 'source' | 'timeouts'>, clock: Clock): Dial {
  return (endpoint, source) =>
    new Promise((resolve) => {
      const socket = connect(connectOptions(endpoint, source ?? settings.source))
      // For as long as nobody else listens: an error must find an ear.
      socket.on('error', () => undefined)
      const patience = new AbortController()
      const end = (result: Dialled) => {
        patience.abort()
        socket.removeListener('connect', connected).removeListener('error', failed)
        if (result.kind === 'lost') socket.destroy()
        resolve(result)
      }
      const connected = () => end({ kind: 'connected', socket })
      const failed = (error: NodeJS.ErrnoException) => end({ kind: 'lost', cause: error.code ?? error.message })
      socket.once('connect', connected)
      socket.once('error', failed)
      clock.sleep(settings.timeouts.connect, patience.signal).then(
        () => end({ kind: 'lost', cause: 'connection timed out' }),
        () => undefined,
      )
    })
}

function connectOptions(endpoint: Target['endpoint'], source: SourceAddresses) {
  if (endpoint.kind === 'unix') return { path: endpoint.path }
  const localAddress = isIPv6(endpoint.address) ? source.ipv6 : source.ipv4
  return {
    host: endpoint.address,
    port: endpoint.port,
    noDelay: true,
    keepAlive: false,
    ...(localAddress === null ? {} : { localAddress }),
  }
}
