// How the client behaves towards places that the operator has said something about: a smarthost that wants a password, a server whose
// PIPELINING is broken, a next hop that knows us by another address. Data only; matching is done in destination-rules.ts.

import type { TlsContexts } from '../tls-policy/tls-policy.ts'
import type { HeloNames, SourceAddresses } from './transport-settings.ts'

/** For AUTH; sent over TLS only. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

export interface ClientProfile {
  /** The key of the configuration it comes from. Connections of different profiles are never exchanged. */
  readonly name: string
  readonly credentials: Credentials | null
  /** With another client certificate or other CAs; null: the usual ones. */
  readonly tls: TlsContexts | null
  /** EHLO keywords to overlook, in upper case. */
  readonly discardEhlo: ReadonlySet<string>
  readonly source: SourceAddresses | null
  readonly helo: HeloNames | null
}
