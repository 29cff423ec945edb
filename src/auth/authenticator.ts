// Authentication of users by password and of machines and users by certificate. Authorization is decided elsewhere.

import type { ClientCertificate } from '../smtp/session.ts'

/** Null while what a login proved holds; else the reason, for the log. Cheap: it is asked every few seconds. */
export type WhyEnded = () => Promise<string | null> | string | null

export type Identification =
  /** `app`: the label of the app password. */
  | { readonly kind: 'identified'; readonly identity: string; readonly app?: string; readonly whyEnded?: WhyEnded }
  /** `doubt`: the source of the password is unavailable, so the password may have changed. */
  | { readonly kind: 'wrong'; readonly cause: string; readonly doubt?: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** Notes the last uses of app passwords. */
export interface AppPasswordNotes {
  /** @param identity in the form of `identityOf` */
  note(identity: string, label: string, ip: string): void
}

export interface LoginClient {
  readonly ip: string
  /** The account has logged in from this client before: its password is checked before those of strangers. */
  readonly isKnown: boolean
}

export interface PasswordAuthenticator {
  /**
   * `user` with or without the domain. A failure takes the same time for an unknown user as for a wrong password of any scheme.
   * Users that are limited to networks are refused without a client.
   */
  check(user: string, password: string, client?: LoginClient): Promise<Identification>
}

export interface CertificateAuthenticator {
  /** By the fingerprint of the key or of the certificate of a configured machine or user. */
  identify(certificate: ClientCertificate): Promise<Identification>
}
