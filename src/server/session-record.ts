// The session that the server changes. Hooks get the same object as the read-only Session of smtp/session.ts.

import type { Origin } from '../smtp/origin.ts'
import type { Session, TlsFacts } from '../smtp/session.ts'

export interface SessionRecord extends Session {
  /** XCLIENT changes it. */
  remoteIp: string
  remoteName: string | null
  helo: string | null
  esmtp: boolean
  tls: TlsFacts | null
  origin: Origin | null
  /** True after a successful AUTH; RFC 4954 4 allows only one. */
  authenticated: boolean
  readonly closed: AbortSignal
}

export interface SocketFacts {
  readonly id: string
  readonly listener: string
  readonly remoteIp: string
  readonly closed: AbortSignal
}

/** A new session: only its socket is known. */
export function newSession(facts: SocketFacts): SessionRecord {
  return { ...facts, remoteName: null, helo: null, esmtp: false, tls: null, origin: null, authenticated: false }
}

/** Drops what the client sent before TLS (RFC 3207 4.2). What its address proves stays. */
export function forgetPlaintext(session: SessionRecord): void {
  session.helo = null
  session.esmtp = false
}
