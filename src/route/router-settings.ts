// The settings of a router, as a role and the configuration give them.

import type { Mailbox } from '../smtp/mailbox.ts'
import type { Origin } from '../smtp/origin.ts'
import type { SrsSettings } from './srs/srs.ts'
import type { TokenStore } from './srs/srs-token.ts'

/** The senders that a machine may use. */
export interface MachineSenders {
  readonly name: string
  /** Addresses, `@domain` or `domain` for a whole domain, `*.domain` for all its subdomains. */
  readonly senders: readonly string[]
  /** The only recipients, in the same form; null, or absent, for any. */
  readonly recipients?: readonly string[] | null
}

export interface ReportAddresses {
  /** Keys of addresses (directory/address.ts). */
  readonly addresses: ReadonlySet<string>
  /** Gets a copy; null for none. */
  readonly forwardTo: Mailbox | null
}

export interface SrsRole extends SrsSettings {
  /** Route bounces to our SRS addresses back to the original senders (mx). */
  readonly reverse: boolean
  /** Rewrite foreign senders of messages to foreign domains (srs). */
  readonly rewrite: boolean
  /** For senders that are too long to be rewritten, which are deferred without it. Only the node that wrote a token can decode it. */
  readonly tokens?: TokenStore | undefined
}

export interface RouterSettings {
  /** Recipients outside our domains: resolve them (srs), or relay them to the srs nodes (mx). */
  readonly forwards: 'resolve' | 'relay-to-srs'
  /** Recipients in our domains: resolve them (mx, srs), or relay them to the mx nodes (submission, mta). */
  readonly own: 'resolve' | 'relay-to-mx'
  /** Origins that may send to foreign domains; `internet` is refused at construction. */
  readonly relayFor: readonly Exclude<Origin['kind'], 'internet'>[]
  /** Written next hops. Defaults: `peers:mx`, `peers:srs`, and the MX hosts of each domain. */
  readonly nextHops?: { readonly own?: string; readonly forwards?: string; readonly world?: string }
  /** The reply to a peer for an unknown address: `defer` where nodes may load new data at different times. */
  readonly unknownFromPeer?: 'refuse' | 'defer'
  /** Add the copies of recipient_bcc here; false on a node behind one that adds them. Default true. */
  readonly copies?: boolean
  readonly srs?: SrsRole
  /** Default `+`; empty disables tags. */
  readonly tagDelimiter?: string
  /** Gets the mail for postmaster and abuse of each domain of ours that has no such entry (RFC 5321 4.5.1, RFC 2142). */
  readonly postmaster?: string
  /** The addresses at which this node reads reports; missing if it reads none. */
  readonly reports?: ReportAddresses
  /** Key of the address at which probes of the fleet arrive; missing without one. */
  readonly probe?: string
  readonly machines?: readonly MachineSenders[]
  /** The senders to which an app password is limited; null without a limit, undefined if it does not exist. */
  readonly appSenders?: (identity: string, app: string) => readonly string[] | null | undefined
}
