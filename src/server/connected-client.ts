// Who is at the other end of a connection, as the socket or a trusted balancer says.

import type { SessionPlace } from './session-places.ts'

export interface ConnectedClient {
  readonly ip: string
  /** True if a balancer itself is the client, not one of its clients. */
  readonly isOwn: boolean
  readonly place: SessionPlace
}
