// The contract of TLS policies: what TLS with one host must reach, and how what it reached is judged. Each policy is one file of this
// folder. The SMTP client and the agent know this contract only, so a new policy changes neither.

import type { SecureContext, TLSSocket } from 'node:tls'
import type { Resolver } from '../../dns/resolver.ts'
import type { Clock } from '../../lib/clock.ts'
import type { TlsFailure } from '../../smtp/tls-result.ts'
import type { HostPath } from './host-path.ts'

/** The host that a connection is about to be opened to. */
export interface PolicyHost {
  /** Its name; its address where it has no name. */
  readonly host: string
  readonly port: number
  readonly path: HostPath
}

export interface PolicyPorts {
  readonly resolver: Resolver
  readonly clock: Pick<Clock, 'now'>
  /** Sources of policies that recipient domains publish beside DANE, the weightiest first. */
  readonly sources: readonly PolicySource[]
}

export interface TlsPolicy {
  /** Such as `may`. */
  readonly name: string
  /** Decides for one host, before the connection. May ask the ports. Rejects only if they do. */
  forHost(host: PolicyHost, ports: PolicyPorts): HostDecision | Promise<HostDecision>
  /**
   * The policy for a message with `TLS-Required: No` (RFC 8689 section 4.1): without what the recipient domain asks for. Absent: the operator
   * chose this policy, so it applies to those messages too.
   */
  readonly relaxed?: TlsPolicy
}

export type HostDecision = HostUse | HostAvoidance

export interface HostUse {
  readonly kind: 'use'
  readonly requirement: TlsRequirement
  readonly findings?: readonly PolicyFinding[]
}

/** The host must not be used. Status class 4 defers the mail if no other host takes it, class 5 fails it. */
export interface HostAvoidance {
  readonly kind: 'avoid'
  readonly status: string
  readonly text: string
  readonly failure: TlsFailure
  /** The policy to report, if it is not the one that decided. */
  readonly policy?: string
  readonly published?: PublishedPolicy
  readonly findings?: readonly PolicyFinding[]
}

/** What a source of policies found, in the words of `waypost tls policy`. */
export interface PolicyFinding {
  readonly source: string
  readonly text: string
}

export type SourceAnswer =
  /** The domain publishes nothing that applies to the host. The next source decides. */
  | { readonly kind: 'none'; readonly text: string }
  /** At least this; a source that follows may demand more, not less. */
  | { readonly kind: 'floor'; readonly requirement: TlsRequirement; readonly text: string }
  /** The last word: no source that follows is asked. */
  | (HostUse & { readonly text: string })
  | HostAvoidance

/** A source of policies that recipient domains publish: DANE, MTA-STS. published-policy.ts asks the sources by weight. */
export interface PolicySource {
  /** Such as `dane`. */
  readonly name: string
  /** Asks what the domain publishes. A look-up that fails is no `none`: it avoids the host, or keeps what was known. */
  ask(host: PolicyHost, ports: PolicyPorts): Promise<SourceAnswer>
}

export interface TlsRequirement {
  /** The policy to report, where the decision led to another one: `may` for a host without TLSA records. */
  readonly policy: string
  /** Requirements of equal keys accept the same peers, so their connections to one address are interchangeable. */
  readonly key: string
  /** `if-offered`: without TLS if the host does not offer it or if it fails (RFC 7435). `always`: no mail without TLS. */
  readonly startTls: 'never' | 'if-offered' | 'always'
  readonly context: keyof TlsContexts
  /** The name in SNI; absent: the name of the host. */
  readonly serverName?: string
  /** True if the policy itself proves that mail for the domain goes to the name that it verifies (RFC 8689 section 4.2.1). */
  readonly provesName?: boolean
  /** What is wrong with the published policy, although mail may be sent: it goes into the result. */
  readonly flaw?: TlsFailure
  /** What the domain publishes, for reports to it; absent if that is nothing. */
  readonly published?: PublishedPolicy
  /** Judges the peer after the handshake. The handshake itself accepts any certificate. */
  judge(peer: TlsPeer): Judgement
}

/** A policy as a report names it (RFC 8460 section 4.4). */
export interface PublishedPolicy {
  readonly type: 'tlsa' | 'sts'
  /** The TLSA records, or the lines of the MTA-STS policy. */
  readonly strings: readonly string[]
  /** The hosts that an MTA-STS policy allows. */
  readonly mxHosts: readonly string[]
}

export type TlsPeer = Pick<TLSSocket, 'authorized' | 'authorizationError' | 'getPeerX509Certificate'>

export type Judgement =
  /** `failure`: why the peer would be rejected if the policy were not a test. */
  | { readonly kind: 'accepted'; readonly level: 'encrypted' | 'verified'; readonly failure?: TlsFailure }
  | { readonly kind: 'rejected'; readonly failure: TlsFailure; readonly cause: string }

/** Built once: loading CA certificates takes milliseconds. */
export interface TlsContexts {
  /** For policies that accept any certificate, or judge it themselves. */
  readonly opportunistic: SecureContext
  /** With the trusted CAs. */
  readonly verified: SecureContext
  /** With the public CAs, for hosts that MTA-STS names, without our certificate. */
  readonly public: SecureContext
}
