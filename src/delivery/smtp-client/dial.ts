// Opens one connection to one endpoint. Names are resolved before (hosts/), so there is no DNS here.

import { connect, isIPv6, type Socket } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import type { Target } from '../target.ts'
import type { SourceAddresses, TransportSettings } from './transport-settings.ts'

export type Dialled =
  | { readonly kind: 'connected'; readonly socket: Socket }
  | { readonly kind: 'lost'; readonly cause: string }

/** How to connect, where it differs from the settings. */
export interface DialOptions {
  readonly source?: SourceAddresses | null
  /** Ms; applies if it is shorter than the time-out of the settings. */
  readonly within?: number
}

/** Never rejects. */
export type Dial = (endpoint: Target['endpoint'], options?: DialOptions) => Promise<Dialled>

export function createDial(settings: Pick<TransportSettings, 'source' | 'timeouts'>, clock: Clock): Dial {
  return (endpoint, { source, within = Number.POSITIVE_INFINITY } = {}) =>
    new Promise((resolve) => {
      const socket = connect(connectOptions(endpoint, source ?? settings.source))
      // Without a listener, 'error' would crash the process between this function and its caller.
      socket.on('error', () => undefined)
      const end = (result: Dialled) => {
        timer.cancel()
        socket.removeListener('connect', connected).removeListener('error', failed)
        if (result.kind === 'lost') socket.destroy()
        resolve(result)
      }
      const connected = () => end({ kind: 'connected', socket })
      const failed = (error: NodeJS.ErrnoException) => end({ kind: 'lost', cause: error.code ?? error.message })
      const timedOut = () => end({ kind: 'lost', cause: 'connection timed out' })
      const timer = clock.after(Math.min(settings.timeouts.connect, within), timedOut)
      socket.once('connect', connected)
      socket.once('error', failed)
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
