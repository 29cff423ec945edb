// What TLS of one session with a mail host reached, for reports to the recipient domain (RFC 8460).

import { type Target } from '../target.ts'
import type { DeliveryError, OpenResult } from '../smtp-client/transport.ts'
import type { HostDecision, PublishedPolicy } from '../tls-policy/tls-policy.ts'
import type { TlsResult } from '../../smtp/tls-result.ts'

export interface TlsSession {
  /** The domain whose mail the session was for. */
  readonly domain: string
  readonly host: string
  /** The address of the host, and ours; null if there was no connection. */
  readonly address: string | null
  readonly localAddress: string | null
  /** The name by which the host greeted; null if there is none. */
  readonly peerName: string | null
  readonly published: PublishedPolicy | null
  readonly tls: TlsResult
  /** What the program or OpenSSL called the failure; null without one, and where the type of the failure says all. */
  readonly cause: string | null
}

/** Null for hosts of the configuration, which no domain names, and where no TLS was tried. */
export function tlsSession(target: Target, decision: HostDecision, opened: OpenResult): TlsSession | null {
  const { host, path, endpoint } = target
  const result = opened.kind === 'open' ? opened.connection : opened
  if (path.domain === null || result.tls === null) return null
  const published = decision.kind === 'use' ? decision.requirement.published : decision.published
  const isConnected = opened.kind === 'open' || opened.reached
  return {
    domain: path.domain,
    host,
    address: isConnected && endpoint.kind === 'tcp' ? endpoint.address : null,
    localAddress: result.localAddress,
    peerName: result.peerName,
    published: published ?? null,
    tls: result.tls,
    cause: opened.kind === 'closed' ? causeOf(opened.error) : null,
  }
}

function causeOf(error: DeliveryError): string | null {
  switch (error.kind) {
    case 'lost':
    case 'protocol-error':
      return error.cause
    case 'unsupported':
      return error.text
    default:
      return null
  }
}
