// What the spam filter and the virus scanner of a running node have in common: the lines in the log and the health while no server answers.

import type { Log } from '../lib/log.ts'
import type { Health } from '../observe/health-report.ts'

/** `up` and `down` of one message; `unknown`: the message was not sent to a server. */
export type ScannerState = 'up' | 'down' | 'unknown'

/**
 * Logs one line when no server answers any more, and one when a server answers again.
 * @param scanner `the spam filter`, in the lines
 */
export function createOutageLog(
  scanner: string,
  log: Pick<Log, 'warn' | 'info'>,
): (state: ScannerState, cause: string | null) => void {
  let wasDown = false
  return (state, cause) => {
    if (state === 'unknown') return
    const isDown = state === 'down'
    if (isDown && !wasDown) log.warn({ cause }, `${scanner} does not answer`)
    if (!isDown && wasDown) log.info({}, `${scanner} answers again`)
    wasDown = isDown
  }
}

export interface ScannerServers {
  /** As in the log. */
  readonly scanner: string
  /** How many are configured. */
  readonly count: number
  /** Without an answer: accept messages, or defer them. */
  readonly whenDown: 'accept' | 'defer'
}

/** Failing if the node defers all mail because no server answers, degraded if only some do not answer or mail passes; ok without causes. */
export function outageHealth(causes: readonly string[], { scanner, count, whenDown }: ScannerServers): Health {
  if (causes.length === 0) return { kind: 'ok' }
  const reason = `${scanner} does not answer: ${causes.join('; ')}`
  return { kind: causes.length === count && whenDown === 'defer' ? 'failing' : 'degraded', reason }
}
