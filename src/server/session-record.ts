// The session that the server changes. Hooks get the same object as the read-only Session of smtp/session.ts.

import { abortQuietly } from '../lib/abort-quietly.ts'
import type { Origin } from '../smtp/origin.ts'
import type { ForwardedClient, Session, TlsFacts } from '../smtp/session.ts'

export interface SocketFacts {
  readonly id: string
  readonly listener: string
  readonly remoteIp: string
}

/** Of a new session only the socket is known. */
export class SessionRecord implements Session {
  readonly id: string
  readonly listener: string
  /** XCLIENT changes it. */
  remoteIp: string
  remoteName: string | null = null
  helo: string | null = null
  esmtp = false
  tls: TlsFacts | null = null
  origin: Origin | null = null
  forwarded: ForwardedClient | null = null
  /** True after a successful AUTH; RFC 4954 4 allows only one. */
  authenticated = false
  #hasEnded = false
  /** Made when something first asks for it: for most sessions nothing does. */
  #closed: AbortController | null = null

  constructor({ id, listener, remoteIp }: SocketFacts) {
    this.id = id
    this.listener = listener
    this.remoteIp = remoteIp
  }

  get closed(): AbortSignal {
    this.#closed ??= new AbortController()
    if (this.#hasEnded) abortQuietly(this.#closed)
    return this.#closed.signal
  }

  /** The connection has ended. */
  end(): void {
    this.#hasEnded = true
    if (this.#closed) abortQuietly(this.#closed)
  }
}

/** Drops what the client sent before TLS (RFC 3207 4.2). What its address proves stays. */
export function forgetPlaintext(session: SessionRecord): void {
  session.helo = null
  session.esmtp = false
  session.forwarded = null
}
