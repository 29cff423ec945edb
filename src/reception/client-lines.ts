// Limits the log lines that clients cause by being refused, so that a flood of connections is not a flood of lines. What is left out is
// counted, and the sum is logged.

import type { Budgets } from '../budget/budgets.ts'
import { clientNetwork } from '../lib/ip-address.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log, LogFields } from '../lib/log.ts'

export interface ClientLines {
  /** Whether a line about this client may be written now. If not, it is counted. */
  mayWrite(ip: string): boolean
  /** The log of a listener: its lines about a client pass only if they may be written. */
  readonly ofServer: Pick<Log, 'info' | 'bug'>
}

export interface ClientLinesPorts {
  readonly budgets: Pick<Budgets, 'rate'>
  readonly clock: Pick<Clock, 'after'>
  readonly log: Pick<Log, 'info' | 'warn' | 'bug'>
}

/** Time after the first line that is left out until the sum is logged, ms. */
const SUM_MS = 60_000
const ALL = 'all'
/** `name[address]`, the form of lib/remote-host.ts, or an address alone. */
const addressOf = (remote: string) => /\[([^\]]+)\]$/.exec(remote)?.[1] ?? remote

export function createClientLines({ budgets, clock, log }: ClientLinesPorts): ClientLines {
  const ofClients = budgets.rate('logLines')
  const ofAll = budgets.rate('allLogLines')
  let leftOut = 0
  const sum = () => {
    log.warn({ lines: leftOut }, 'log lines about refused clients were left out (budget logLines)')
    leftOut = 0
  }
  const mayWrite = (ip: string): boolean => {
    if (ofClients.take(clientNetwork(ip)) && ofAll.take(ALL)) return true
    if (leftOut++ === 0) clock.after(SUM_MS, sum)
    return false
  }
  return {
    mayWrite,
    ofServer: {
      info: (fields: LogFields, message) => {
        const { remote } = fields
        if (mayWrite(typeof remote === 'string' ? addressOf(remote) : 'unknown')) log.info(fields, message)
      },
      bug: (error, context, fields) => log.bug(error, context, fields),
    },
  }
}
