// How the client treats hosts of an entry in `delivery.destinations`: a smarthost with a password, a server with broken PIPELINING, a next
// hop that expects another source address. hosts/destination-rules.ts finds the entry.

import type { TlsContexts } from '../tls-policy/tls-policy.ts'
import type { HeloNames, SourceAddresses } from './transport-settings.ts'

/** For AUTH; sent only over TLS. */
export type Credentials = PasswordCredentials | TokenCredentials

export interface PasswordCredentials {
  readonly kind: 'password'
  readonly user: string
  readonly password: string
}

/** OAUTHBEARER or XOAUTH2. */
export interface TokenCredentials {
  readonly kind: 'token'
  readonly user: string
  readonly tokens: TokenSource
}

/** Where access tokens come from. */
export interface TokenSource {
  /** A token that is valid now, or why there is none. Never rejects. */
  current(): Promise<TokenAnswer>
  /** Another token in place of one that the server refused, or why there is none. */
  replace(refused: string): Promise<TokenAnswer>
  /** Call it with the reply of a server that refused a new token, and with null after a login. */
  noteLogin(refusal: string | null): void
}

export type TokenAnswer =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

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
