// What a role says to routing: data, no code. src/assembly fills it from the configuration.
// Room: route.

import type { Origin } from '../smtp/origin.ts'
import type { SrsSettings } from './srs/srs.ts'
import type { TokenStore } from './srs/srs-token.ts'

/** Which senders a machine may use. */
export interface MachineSenders {
  readonly name: string
  /** Addresses, `@domain` or `domain` for all of one, `*.domain` for all below it. */
  readonly senders: readonly string[]
}

export interface SrsRole extends SrsSettings {
  /** Turn bounces to our SRS addresses back (mx). */
  readonly reverse: boolean
  /** Rewrite foreign senders of what leaves for foreign domains (srs). */
  readonly rewrite: boolean
  /** For senders too long to be rewritten; without it they are refused. Only the node that wrote a token can read it. */
  readonly tokens?: TokenStore | undefined
}

export interface RouterSettings {
  /** Recipients that leave our domains: resolve them (srs) or hand them over to the nodes that do (mx). */
  readonly forwards: 'resolve' | 'relay-to-srs'
  /** Recipients in our domains: resolve them (mx, srs) or hand them over (submission, mta). */
  readonly own: 'resolve' | 'relay-to-mx'
  /** Origins for whom a foreign domain may be a forward-path; `internet` is refused at construction. */
  readonly relayFor: readonly Exclude<Origin['kind'], 'internet'>[]
  /** Written next hops; the defaults are `peers:mx`, `peers:srs` and each domain's own MX hosts. */
  readonly nextHops?: { readonly own?: string; readonly forwards?: string; readonly world?: string }
  /** What a peer hears about an address that we do not know (yet): `defer` where nodes may load data at different times. */
  readonly unknownFromPeer?: 'refuse' | 'defer'
  /** Make the copies of recipient_bcc here; false on a node behind one that has made them. Default true. */
  readonly copies?: boolean
  readonly srs?: SrsRole
  /** Default `+`; empty turns tags off. */
  readonly tagDelimiter?: string
  /** Answers for postmaster and abuse of every domain of ours that names none (RFC 5321 4.5.1, RFC 2142). */
  readonly postmaster?: string
  readonly machines?: readonly MachineSenders[]
}
