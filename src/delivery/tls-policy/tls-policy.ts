// The contract of TLS policies: what TLS with one host must reach, and how what it reached is judged. Each policy is one file of this
// folder. The SMTP client knows this contract only, so a new policy changes neither the client nor the agent.

import type { SecureContext, TLSSocket } from 'node:tls'
import type { TlsFailure } from '../../smtp/tls-result.ts'

/** The host that a connection is about to be opened to. */
export interface PolicyHost {
  /** Its name; its address where it has no name. */
  readonly host: string
  /** DNSSEC validated every answer that led to its address. */
  readonly authentic: boolean
}

export interface TlsPolicy {
  /** Such as `may`. Policies of equal names demand the same, so their connections to one address are interchangeable. */
  readonly name: string
  /** Decides for one host, before the connection. May ask DNS. Never rejects. */
  forHost(host: PolicyHost): HostDecision | Promise<HostDecision>
}

export type HostDecision =
  | { readonly kind: 'use'; readonly requirement: TlsRequirement }
  /** The host must not be used. Status class 4 defers the mail if no other host takes it, class 5 fails it. */
  | { readonly kind: 'avoid'; readonly status: string; readonly text: string; readonly failure: TlsFailure }

export interface TlsRequirement {
  /** The policy to report, where the decision led to another one: `may` for a host without TLSA records. */
  readonly policy: string
  /** `if-offered`: without TLS if the host does not offer it or if it fails (RFC 7435). `always`: no mail without TLS. */
  readonly startTls: 'never' | 'if-offered' | 'always'
  readonly context: keyof TlsContexts
  /** Judges the peer after the handshake. The handshake itself accepts any certificate. */
  judge(peer: TlsPeer): Judgement
}

export type TlsPeer = Pick<TLSSocket, 'authorized' | 'authorizationError' | 'getPeerX509Certificate'>

export type Judgement =
  | { readonly kind: 'accepted'; readonly level: 'encrypted' | 'verified' }
  | { readonly kind: 'rejected'; readonly failure: TlsFailure; readonly cause: string }

/** Built once: loading CA certificates takes milliseconds. */
export interface TlsContexts {
  /** For policies that accept any certificate. */
  readonly opportunistic: SecureContext
  /** With the trusted CAs. */
  readonly verified: SecureContext
}
