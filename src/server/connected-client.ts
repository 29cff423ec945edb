// The client of a connection, as the socket or a trusted balancer names it.

import type { Socket } from 'node:net'
import type { Refused, SessionPlace } from './session-places.ts'

export interface ConnectedClient {
  readonly ip: string
  /** True if a balancer itself is the client, not one of its clients. */
  readonly isOwn: boolean
  readonly place: SessionPlace
}

/** What a connection asks of its listener. */
export interface ConnectionActions {
  /** Calls `start` when the certificates for the client's handshake are chosen. */
  readonly withCertificates: (socket: Socket, start: () => void) => void
  /** Gives the place back and takes one for a client that XCLIENT names; undefined if the host may name none. */
  readonly replacePlace: ((ip: string) => SessionPlace | Refused) | undefined
  readonly mayForward: boolean
  readonly onEnd: () => void
}
