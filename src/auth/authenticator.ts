// Who is this? Answers about passwords and certificates; never about what somebody may do.

import type { ClientCertificate } from '../smtp/session.ts'

export type Identification =
  | { readonly kind: 'identified'; readonly identity: string }
  /** `doubt`: the password may have been changed where nobody can be asked now. */
  | { readonly kind: 'wrong'; readonly cause: string; readonly doubt?: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface PasswordAuthenticator {
  /**
   * `user` with or without the domain. Takes the same time for unknown users as for wrong passwords.
   * `remoteIp` is the client's address, which some users are limited to; without it they are refused.
   */
  check(user: string, password: string, remoteIp?: string): Promise<Identification>
}

export interface CertificateAuthenticator {
  /** By key fingerprint or certificate fingerprint of a configured machine or person. */
  identify(certificate: ClientCertificate): Promise<Identification>
}
