// The contract of OAuth clients (RFC 6749): how this node gets access tokens for a server that asks for them.

export interface OauthClient {
  /** The key in the YAML. */
  readonly name: string
  readonly tokenUrl: string
  /** For the login by device (RFC 8628); null without one. */
  readonly deviceUrl: string | null
  /** Null: what the server grants by default. */
  readonly scope: string | null
  /** PEM of the authorities of these servers; null for the public ones. */
  readonly ca: string | null
  /** Ms for one request. */
  readonly timeoutMs: number
  readonly grant: Grant
}

export type Grant =
  /** RFC 6749 6. The file has the refresh token, and is written when the server replaces it. */
  | { readonly kind: 'refresh-token'; readonly proof: ClientProof; readonly tokenFile: string }
  /** RFC 6749 4.4. */
  | { readonly kind: 'client-credentials'; readonly proof: ClientProof }
  /** RFC 7523 2.1 with a key file of Google. `subject` is the mailbox that it acts for; null for its own. */
  | { readonly kind: 'service-account'; readonly keyFile: string; readonly subject: string | null }

/** How the client proves who it is (RFC 6749 2.3.1). */
export interface ClientProof {
  readonly clientId: string
  /** Its first line is the secret. It is read for each request, so that a new secret needs no restart. Null for a public client. */
  readonly secretFile: string | null
  /** In the form, as most servers expect, or in an Authorization field. */
  readonly place: 'post' | 'basic'
}
