// Counts the errors and junk commands of one session and says what the next one costs, as Postfix does. A delivered message clears the count.

import type { Origin } from '../smtp/origin.ts'
import type { ServerLimits } from './server-limits.ts'
import type { Answer } from './session-dialogue.ts'

/** Reply at once, delay the reply, or end the session. */
export type Penalty = 'none' | 'delay' | 'close'

export interface ErrorCount {
  /** Counts an answer before it is sent. */
  charge(answer: Answer, origin: Origin | null): Penalty
  /** A message was accepted. */
  clear(): void
}

export function createErrorCount(limits: Pick<ServerLimits, 'softErrors' | 'hardErrors' | 'junkCommands'>): ErrorCount {
  let errors = 0
  let junk = 0
  const countError = (): Penalty => {
    errors++
    if (errors >= limits.hardErrors) return 'close'
    return errors > limits.softErrors ? 'delay' : 'none'
  }
  return {
    charge: (answer, origin) => {
      // Errors of fleet nodes are the operator's to repair; a closed session would only delay mail.
      if (origin?.kind === 'peer' || answer.next === 'close') return 'none'
      if (answer.reply.code >= 400) return answer.uncounted ? 'none' : countError()
      if (!answer.junk) return 'none'
      junk++
      return junk > limits.junkCommands ? countError() : 'none'
    },
    clear: () => {
      errors = 0
      junk = 0
    },
  }
}
