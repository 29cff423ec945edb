// Counts the errors and junk commands of one session and says what the next one costs, as Postfix does. A delivered message clears the
// count. A delayed session keeps its place for longer, so where places are scarce it ends instead.

import type { Origin } from '../smtp/origin.ts'
import type { ServerLimits } from './server-limits.ts'
import type { Answer } from './session-dialogue.ts'

/** Reply after so many milliseconds, or end the session. */
export type Penalty = number | 'close'

export interface ErrorPorts {
  /** Reports an error. True if the client has many in other sessions, so that each costs a delay. */
  readonly failed: () => boolean
  /** How near the pool of the session's place is to full for strangers, 0 to 1. */
  readonly pressure: () => number
}

export interface ErrorCount {
  /** Counts an answer before it is sent. */
  charge(answer: Answer, origin: Origin | null): Penalty
  /** A message was accepted. */
  clear(): void
}

type ErrorLimits = Pick<
  ServerLimits,
  'softErrors' | 'hardErrors' | 'junkCommands' | 'errorDelayMs' | 'longestErrorDelayMs' | 'tarpitPressure'
>

export function createErrorCount(limits: ErrorLimits, { failed, pressure }: ErrorPorts): ErrorCount {
  let errors = 0
  let delays = 0
  let junk = 0
  const countError = (): Penalty => {
    errors++
    const isKnownToFail = failed()
    if (errors >= limits.hardErrors) return 'close'
    if (errors <= limits.softErrors && !isKnownToFail) return 0
    if (pressure() > limits.tarpitPressure) return 'close'
    if (!isKnownToFail) return limits.errorDelayMs
    delays++
    return Math.min(limits.longestErrorDelayMs, limits.errorDelayMs * delays)
  }
  return {
    charge: (answer, origin) => {
      // Errors of fleet nodes are the operator's to repair; a closed session would only delay mail.
      if (origin?.kind === 'peer' || answer.next === 'close') return 0
      if (answer.reply.code >= 400) return answer.uncounted ? 0 : countError()
      if (!answer.junk) return 0
      junk++
      return junk > limits.junkCommands ? countError() : 0
    },
    clear: () => {
      errors = 0
      delays = 0
      junk = 0
    },
  }
}
