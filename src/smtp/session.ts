// The facts of one session with a client, as policy, intake and the trace field use them.

import type { Origin } from './origin.ts'

/** The certificate of a client, which has proved that it holds the key. Fingerprints identify peers and machines; an issuer counts only for users. */
export interface ClientCertificate {
  readonly subject: string
  /** SHA-256 of the DER certificate, lower-case hexadecimal without colons. */
  readonly fingerprint: string
  /** SHA-256 of the DER SubjectPublicKeyInfo in the same form: unchanged when a certificate is renewed with its key. */
  readonly keyFingerprint: string
  /** The certificate, DER. Absent in tests of what needs only fingerprints. */
  readonly der?: Buffer
}

export interface TlsFacts {
  readonly version: string
  readonly cipher: string
  readonly certificate: ClientCertificate | null
}

/** Where a trusted host has a message from, as it says (XFORWARD): for log and ledger, not for any right. Null is not known. */
export interface ForwardedClient {
  readonly name: string | null
  readonly ip: string | null
  readonly helo: string | null
  /** Of the message at that host. */
  readonly queueId: string | null
  /** True for a message of a program of that host. */
  readonly isLocal: boolean
}

export interface Session {
  /** Names the session in the log until a queue ID exists. */
  readonly id: string
  readonly listener: string
  readonly remoteIp: string
  /** Forward-confirmed reverse DNS name, or null. */
  readonly remoteName: string | null
  /** The argument of HELO or EHLO; null before it. */
  readonly helo: string | null
  readonly esmtp: boolean
  readonly tls: TlsFacts | null
  /** The origin class; null until a check admits the client. */
  readonly origin: Origin | null
  /** For the next or the open transaction. Absent or null without one. */
  readonly forwarded?: ForwardedClient | null
  /** Aborted when the connection has ended: nothing that was started for this client has a reader any more. Absent for a session of a command. */
  readonly closed?: AbortSignal
}
