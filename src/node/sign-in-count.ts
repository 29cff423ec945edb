// Counts the sign-ins at the page for people, and logs those that failed.

import { clientNetwork } from '../lib/ip-address.ts'
import type { Log } from '../lib/log.ts'
import type { Rate } from '../budget/rate.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { SelfServicePorts, SignInResult } from '../self-service/service-ports.ts'

export interface SignInCount {
  readonly metric: GaugeSource
  /** @param lines budget `logLines` */
  logging(log: Pick<Log, 'info'>, lines: Pick<Rate, 'take'>): SelfServicePorts['signedIn']
}

export function createSignInCount(): SignInCount {
  const counts = new Map<SignInResult, number>()
  return {
    metric: {
      name: 'waypost_page_sign_ins_total',
      help: 'Sign-ins at the page of `self_service`, by result: `signed-in`, `wrong` name or password, `wrong-code` of the second factor, `throttled`, `unavailable`, or the sessions are `full`.',
      labels: ['result'],
      isCounter: true,
      read: () => [...counts].map(([result, value]) => ({ labels: { result }, value })),
    },
    logging:
      (log, lines) =>
      (result, { ip, cause }) => {
        counts.set(result, (counts.get(result) ?? 0) + 1)
        if (!lines.take(clientNetwork(ip))) return
        log.info(
          { ip, result, ...(cause === '' ? {} : { cause }) },
          result === 'signed-in' ? 'signed in at the page' : 'sign-in refused at the page',
        )
      },
  }
}
