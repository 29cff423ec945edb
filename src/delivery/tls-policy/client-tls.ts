// TLS on a connected socket (RFC 3207, RFC 8314). Opportunistic TLS takes any certificate: a forged one is no worse than clear
// text. `verify` wants a chain to the configured CA and the target's name in the certificate.

import { isIP, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import type { Target } from '../transport.ts'
import type { TransportSettings } from '../transport-settings.ts'

export type Secured =
  | { readonly kind: 'secured'; readonly socket: TLSSocket; readonly level: string }
  /** `untrusted`: TLS stands but the certificate is not what `verify` demands. */
  | { readonly kind: 'failed' | 'untrusted'; readonly cause: string }

export interface SecureRequest {
  readonly socket: Socket
  readonly target: Target
  readonly settings: TransportSettings
  readonly clock: Clock
}

/** Never rejects; a failed handshake destroys the socket. */
export function secure(request: SecureRequest): Promise<Secured> {
  const { socket, target, settings, clock } = request
  return new Promise((resolve) => {
    const verify = target.security === 'verify'
    const contexts = target.profile?.tls ?? settings.tls
    const secured = connect({
      socket,
      secureContext: verify ? contexts.verified : contexts.opportunistic,
      // Judged below, so that the report can say what was wrong.
      rejectUnauthorized: false,
      ...(isIP(target.host) === 0 ? { servername: target.host } : { host: target.host }),
    })
    // For as long as nobody else listens: an error must find an ear.
    secured.on('error', () => undefined)
    const patience = new AbortController()
    const end = (result: Secured) => {
      patience.abort()
      secured.removeListener('error', failed).removeListener('close', closed)
      if (result.kind !== 'secured') {
        secured.destroy()
        socket.destroy()
      }
      resolve(result)
    }
    const failed = (error: NodeJS.ErrnoException) => end({ kind: 'failed', cause: error.code ?? error.message })
    const closed = () => end({ kind: 'failed', cause: 'connection closed in the TLS handshake' })
    secured.once('secureConnect', () => end(judge(secured, verify)))
    secured.once('error', failed)
    secured.once('close', closed)
    clock.sleep(settings.timeouts.starttls, patience.signal).then(
      () => end({ kind: 'failed', cause: 'TLS handshake timed out' }),
      () => undefined,
    )
  })
}

function judge(socket: TLSSocket, verify: boolean): Secured {
  const version = socket.getProtocol() ?? 'TLS'
  if (!verify) return { kind: 'secured', socket, level: `${version} encrypted` }
  if (socket.authorized) return { kind: 'secured', socket, level: `${version} verified` }
  return { kind: 'untrusted', cause: String(socket.authorizationError ?? 'certificate not verified') }
}
