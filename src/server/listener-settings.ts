// The settings of one listener, from the role file and the node's configuration.

import type { SocketPlace } from './bind-socket.ts'
import type { LocalNames } from '../smtp/public-address.ts'

export type Mechanism =
  | 'SCRAM-SHA-256-PLUS'
  | 'SCRAM-SHA-256'
  | 'OAUTHBEARER'
  | 'XOAUTH2'
  | 'PLAIN'
  | 'LOGIN'
  | 'EXTERNAL'

export interface ListenerSettings {
  readonly name: string
  /** IP address to bind. */
  readonly host: string
  readonly port: number
  readonly tls: 'none' | 'starttls' | 'starttls-required' | 'implicit'
  /** Request a client certificate in the handshake. TLS does not require one: the admission check decides and can give a reason. */
  readonly requestCertificate: boolean
  /** Offer REQUIRETLS under TLS (RFC 8689): a way onward can keep it. */
  readonly requireTls: boolean
  /** SASL mechanisms offered, after TLS only. */
  readonly mechanisms: readonly Mechanism[]
  /** Send the greeting without the wait that finds early talkers: for listeners that the internet cannot use. */
  readonly greetAtOnce: boolean
  /** A Unix socket in place of host and port. A program that may connect to it names the user of the mail with EXTERNAL. */
  readonly socket?: SocketPlace
  /** How addresses of this host are completed in the envelope; absent on listeners for others, where an address needs a domain. */
  readonly localNames?: LocalNames
}
