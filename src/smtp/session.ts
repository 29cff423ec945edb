// The facts of one session with a client, as policy, intake and the trace header see them.

import type { Origin } from './origin.ts'

/** A client certificate that the TLS layer has seen; `chainValid` tells whether it led to a configured CA. */
export interface ClientCertificate {
  readonly subject: string
  /** SHA-256 of the DER certificate, lower-case hex without colons. */
  readonly fingerprint: string
  /** SHA-256 of the DER SubjectPublicKeyInfo, lower-case hex: stays the same when a certificate is renewed with its key. */
  readonly keyFingerprint: string
  readonly chainValid: boolean
}

export interface TlsFacts {
  readonly version: string
  readonly cipher: string
  readonly certificate: ClientCertificate | null
}

export interface Session {
  /** For log lines of everything before a queue id exists. */
  readonly id: string
  readonly listener: string
  readonly remoteIp: string
  readonly remotePort: number
  readonly localPort: number
  /** Forward-confirmed reverse DNS name, or null. */
  readonly remoteName: string | null
  readonly connectedAt: number
  /** HELO/EHLO argument; null before it. */
  readonly helo: string | null
  readonly esmtp: boolean
  readonly tls: TlsFacts | null
  /** The class this session has earned so far; null until admitted. */
  readonly origin: Origin | null
}
