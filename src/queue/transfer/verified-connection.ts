// A connection to the transfer listener of another node. Nothing is sent before the node has proven its identity by its certificate.

import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { isKnown } from './peer-certificate.ts'

export interface RemoteSettings {
  readonly host: string
  readonly port: number
  /** Certificate and key of this node, PEM. */
  readonly certificate: string
  readonly key: string
  /** Fingerprints of which the node must have one, lower-case hex; empty: its certificate is verified against `ca` and the host name. */
  readonly fingerprints: ReadonlySet<string>
  /** PEM, or null. */
  readonly ca: string | null
}

/** The certificate of the peer is not one of those expected. */
export class UnknownPeer extends Error {
  override readonly name = 'UnknownPeer'
}

export function tlsOptions({ host, certificate, key, ca, fingerprints }: RemoteSettings): ConnectionOptions {
  const known = fingerprints.size > 0
  return {
    servername: /[a-z]/i.test(host) && !host.includes(':') ? host : '',
    cert: certificate,
    key,
    ...(ca === null ? {} : { ca }),
    minVersion: 'TLSv1.3',
    rejectUnauthorized: !known,
  }
}

/** Connects; `done` gets the socket once the peer is proven, or the error. Returns the socket, to end it early. */
export function verifiedConnection(
  options: ConnectionOptions,
  { fingerprints }: RemoteSettings,
  done: (error: Error | null, socket: TLSSocket) => void,
): TLSSocket {
  const socket = connect(options)
  const failed = (error: Error) => done(error, socket)
  socket.once('error', failed)
  socket.once('secureConnect', () => {
    socket.removeListener('error', failed)
    if (fingerprints.size === 0 || isKnown(socket, fingerprints)) return done(null, socket)
    socket.on('error', () => undefined)
    socket.destroy()
    done(new UnknownPeer('its certificate is not known; check the fingerprints'), socket)
  })
  return socket
}
