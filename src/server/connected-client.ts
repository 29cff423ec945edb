// The client of a connection, as the socket or a trusted balancer names it.

import type { SessionPlace } from './session-places.ts'

export interface ConnectedClient {
  readonly ip: string
  /** True if a balancer itself is the client, not one of its clients. */
  readonly isOwn: boolean
  readonly place: SessionPlace
}
