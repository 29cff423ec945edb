// What all sessions of one listener share: settings, hooks and ports.

import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ServerHooks } from './server-hooks.ts'
import type { ServerLimits } from './server-limits.ts'
import type { ListenerSettings } from './listener-settings.ts'

export interface ListenerContext<Resolution> {
  readonly settings: ListenerSettings
  readonly hooks: ServerHooks<Resolution>
  readonly limits: ServerLimits
  readonly log: Pick<Log, 'info' | 'bug'>
  readonly clock: Clock
  /** The node's name in the greeting and in the reply to EHLO. */
  readonly hostname: string
  /** Where mail for `<Postmaster>` without a domain goes (RFC 5321 4.5.1). */
  readonly postmaster: string
  /** Added to refusals; `{id}` in it is the session. Null for none. */
  readonly helpLink: string | null
  /** True while the listener drains: commands get 421 4.3.2. */
  readonly draining: () => boolean
}
