// The session as the server keeps it: hooks see the same object through the read-only Session of smtp/session.ts.

import type { Origin } from '../smtp/origin.ts'
import type { Session, TlsFacts } from '../smtp/session.ts'

export interface SessionRecord extends Session {
  remoteName: string | null
  helo: string | null
  esmtp: boolean
  tls: TlsFacts | null
  origin: Origin | null
  /** True once AUTH succeeded: RFC 4954 4 allows it once. */
  authenticated: boolean
}

export interface SocketFacts {
  readonly id: string
  readonly listener: string
  readonly remoteIp: string
  readonly connectedAt: number
}

/** A session of which only the socket is known. */
export function newSession(facts: SocketFacts): SessionRecord {
  return { ...facts, remoteName: null, helo: null, esmtp: false, tls: null, origin: null, authenticated: false }
}

/** RFC 3207 4.2: what the client said before TLS is forgotten; what we know from its address is not. */
export function forgetPlaintext(session: SessionRecord): void {
  session.helo = null
  session.esmtp = false
}
