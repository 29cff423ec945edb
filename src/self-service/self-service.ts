// The page on which people change their password, make app passwords, and see their logins and sent mail (decision 0049).

import { type HttpsListener, type HttpsListenerPorts, startHttpsListener } from '../server/https-listener.ts'
import type { Pool } from '../budget/pool.ts'
import { createAnswer } from './answer-visit.ts'
import { createFormGuard } from '../lib/form-guard.ts'
import type { SelfServicePorts, SelfServiceSettings } from './service-ports.ts'
import { createSessions } from './sessions.ts'

export interface SelfServiceListener extends SelfServiceSettings {
  readonly host: string
  readonly port: number
}

export interface SelfServiceListenerPorts extends SelfServicePorts {
  readonly https: Omit<HttpsListenerPorts, 'answer'>
  /** Budget `pageSessions`. */
  readonly places: Pool
}

/** Rejects if the address cannot be bound, or the node has no certificate. */
export async function startSelfService(
  { host, port, ...settings }: SelfServiceListener,
  { https, places, ...ports }: SelfServiceListenerPorts,
): Promise<HttpsListener> {
  const sessions = createSessions(places, ports.clock)
  const answer = createAnswer({ settings, ports, sessions, guard: createFormGuard() })
  const listener = await startHttpsListener({ host, port, key: 'self_service.listen' }, { ...https, answer })
  return {
    ...listener,
    close: async () => {
      sessions.close()
      await listener.close()
    },
  }
}
