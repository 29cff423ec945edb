// Errors and idle commands of one session. Delivered mail clears the count, as in Postfix: it means "errors without delivering mail".

import type { ServerLimits } from './server-limits.ts'

export type Toll = 'free' | 'slow' | 'closed'

export interface ErrorCount {
  /** A negative reply is about to be sent: answer at once, wait first, or end the session. */
  error(): Toll
  /** A command without progress; costs an error once there were too many. */
  idle(): Toll
  /** A message was accepted. */
  progress(): void
}

export function createErrorCount(limits: Pick<ServerLimits, 'softErrors' | 'hardErrors' | 'idleCommands'>): ErrorCount {
  let errors = 0
  let idles = 0
  const error = (): Toll => {
    errors++
    if (errors >= limits.hardErrors) return 'closed'
    return errors > limits.softErrors ? 'slow' : 'free'
  }
  return {
    error,
    idle: () => {
      idles++
      return idles > limits.idleCommands ? error() : 'free'
    },
    progress: () => {
      errors = 0
      idles = 0
    },
  }
}
