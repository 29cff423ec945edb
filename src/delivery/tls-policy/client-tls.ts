// The TLS handshake on a connected socket (RFC 3207, RFC 8314). The requirement of the host's policy judges the peer.

import { isIP, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import type { TlsFailure } from '../../smtp/tls-result.ts'
import type { TlsContexts, TlsRequirement } from './tls-policy.ts'

export type Secured =
  | {
      readonly kind: 'secured'
      readonly socket: TLSSocket
      readonly level: 'encrypted' | 'verified'
      readonly protocol: string
      /** What a policy on trial would reject. */
      readonly failure?: TlsFailure
    }
  /** `rejected`: the handshake succeeded, but the policy does not accept the peer. */
  | { readonly kind: 'failed' | 'rejected'; readonly failure: TlsFailure; readonly cause: string }

export interface SecureRequest {
  readonly socket: Socket
  /** The name in SNI and in the certificate, or an address. */
  readonly host: string
  readonly requirement: TlsRequirement
  readonly contexts: TlsContexts
  /** Ms for the handshake. */
  readonly timeout: number
  readonly clock: Clock
}

/** Never rejects. A handshake that fails, or whose peer is rejected, destroys the socket. */
export function secure(request: SecureRequest): Promise<Secured> {
  const { socket, host, requirement, contexts, timeout, clock } = request
  const name = requirement.serverName ?? host
  return new Promise((resolve) => {
    const secured = connect({
      socket,
      secureContext: contexts[requirement.context],
      // The requirement judges instead, so that the report names the error.
      rejectUnauthorized: false,
      ...(isIP(name) === 0 ? { servername: name } : { host: name }),
    })
    // Without a listener, 'error' would crash the process once this function has removed its own.
    secured.on('error', () => undefined)
    const end = (result: Secured) => {
      timer.cancel()
      secured.removeListener('error', failed).removeListener('close', closed)
      if (result.kind !== 'secured') {
        secured.destroy()
        socket.destroy()
      }
      resolve(result)
    }
    const fail = (cause: string) => end({ kind: 'failed', failure: 'validation-failure', cause })
    const failed = (error: NodeJS.ErrnoException) => fail(error.code ?? error.message)
    const closed = () => fail('connection closed in the TLS handshake')
    const timer = clock.after(timeout, () => fail('TLS handshake timed out'))
    secured.once('secureConnect', () => end(judge(secured, requirement)))
    secured.once('error', failed)
    secured.once('close', closed)
  })
}

function judge(socket: TLSSocket, requirement: TlsRequirement): Secured {
  const judgement = requirement.judge(socket)
  if (judgement.kind === 'rejected') return judgement
  const { level, failure } = judgement
  return { kind: 'secured', socket, level, protocol: socket.getProtocol() ?? 'TLS', ...(failure && { failure }) }
}
