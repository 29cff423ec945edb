// The client of a trusted host that names it (XFORWARD), as the ledger records it.

import { remoteHost } from '../lib/remote-host.ts'
import type { Session } from './session.ts'

/** The members of an event; none without XFORWARD. */
export function forwardedClient({ forwarded }: Pick<Session, 'forwarded'>): {
  readonly client?: string
  readonly clientQueueId?: string
} {
  if (!forwarded) return {}
  const { name, ip, queueId, isLocal } = forwarded
  return {
    ...(isLocal ? { client: 'local' } : ip !== null && { client: remoteHost(name, ip) }),
    ...(queueId !== null && { clientQueueId: queueId }),
  }
}
