// How the client treats hosts of an entry in `delivery.destinations`: a smarthost with a password, a server with broken PIPELINING, a next
// hop that expects another source address. hosts/destination-rules.ts finds the entry.

import type { TlsContexts } from '../tls-policy/tls-policy.ts'
import type { HeloNames, SourceAddresses } from './transport-settings.ts'

/** For AUTH; sent only over TLS. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

export interface ClientProfile {
  /** The key of the entry. Connections of different profiles are not interchangeable. */
  readonly name: string
  readonly credentials: Credentials | null
  /** With another client certificate or other CAs; null for those of all hosts. */
  readonly tls: TlsContexts | null
  /** EHLO keywords to ignore, in upper case. */
  readonly discardEhlo: ReadonlySet<string>
  readonly source: SourceAddresses | null
  readonly helo: HeloNames | null
}
