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

/** Notes the last uses of credentials. */
export interface LastUseNotes {
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

/** How the client may bind its TLS channel to the login. */
export interface ScramChannel {
  /** The client chose SCRAM-SHA-256-PLUS. */
  readonly isPlus: boolean
  readonly isPlusOffered: boolean
  /** tls-exporter (RFC 9266); null if the session has none. */
  readonly data: Buffer | null
}

type Malformed = { readonly kind: 'malformed'; readonly cause: string }

export type ScramEnd =
  | Malformed
  /** `message`: the last one of the server, after which the client answers once more; null after a failure. */
  | { readonly kind: 'judged'; readonly answer: Identification; readonly message: string | null }

export type ScramBegin =
  | Malformed
  /** No user is at fault: the way between client and server may be. */
  | { readonly kind: 'refused'; readonly cause: string }
  | {
      readonly kind: 'begun'
      readonly user: string
      readonly authzid: string | null
      /** The first message of the server, and what judges the next one of the client. */
      answer(client: LoginClient): Promise<{ readonly message: string; end(message: string): ScramEnd }>
    }

export interface ScramAuthenticator {
  /** True while clients should see it: one that sees it takes it, also for a user without stored keys. */
  isOffered(): boolean
  /** @param message the first message of the client */
  begin(message: string, channel: ScramChannel): ScramBegin
}

export interface CertificateAuthenticator {
  /** By the fingerprint of the key or of the certificate of a configured machine. @param ip address of the client */
  identify(certificate: ClientCertificate, ip: string): Promise<Identification>
}

/** A certificate that a user logs in with (SASL EXTERNAL). */
export interface CertificateClaim {
  readonly certificate: ClientCertificate
  /** The user that the client asks for; null for the one of the certificate. */
  readonly authzid: string | null
  readonly ip: string
}

export interface UserCertificateAuthenticator {
  /** The user that the certificate names, who need not exist. */
  name(claim: CertificateClaim): Identification
  check(claim: CertificateClaim): Promise<Identification>
}

/** An access token that a user logs in with. */
export interface TokenClaim {
  readonly token: string
  /** The user that the client names; null if the token alone names one. */
  readonly user: string | null
  readonly ip: string
}

export interface TokenAuthenticator {
  /** The user of a token that is not verified yet; null if it names none. */
  claimedUser(token: string): Promise<string | null>
  check(claim: TokenClaim): Promise<Identification>
}
