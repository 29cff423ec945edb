// Authentication of users by password and of machines and users by certificate. Authorization is decided elsewhere.

import type { ClientCertificate } from '../smtp/session.ts'

export type Identification =
  | { readonly kind: 'identified'; readonly identity: string }
  /** `doubt`: the source of the password is unavailable, so the password may have changed. */
  | { readonly kind: 'wrong'; readonly cause: string; readonly doubt?: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface PasswordAuthenticator {
  /**
   * `user` with or without the domain. Takes the same time for an unknown user as for a wrong password.
   * `remoteIp` is the client's address. Users that are limited to networks are refused without it.
   */
  check(user: string, password: string, remoteIp?: string): Promise<Identification>
}

export interface CertificateAuthenticator {
  /** By the fingerprint of the key or of the certificate of a configured machine or user. */
  identify(certificate: ClientCertificate): Promise<Identification>
}
