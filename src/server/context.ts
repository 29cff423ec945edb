// What every session of one listener shares: settings, hooks and the ports to the outside.

import type { Clock } from '../lib/clock.ts'
import type { ServerHooks } from './server-hooks.ts'
import type { ServerLimits } from './server-limits.ts'
import type { ListenerSettings } from './listener-settings.ts'
import type { ServerLog } from './server-log.ts'

export interface ListenerContext {
  readonly settings: ListenerSettings
  readonly hooks: ServerHooks
  readonly limits: ServerLimits
  readonly log: ServerLog
  readonly clock: Clock
  /** Our name in the greeting and in the answer to EHLO. */
  readonly hostname: string
  /** Where mail for `<Postmaster>` without a domain goes (RFC 5321 4.5.1). */
  readonly postmaster: string
  /** True while the listener drains: commands get 421 4.3.2. */
  readonly draining: () => boolean
}
