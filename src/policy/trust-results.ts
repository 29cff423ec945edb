// What the node in front of us found. Only the Authentication-Results fields between the topmost Received (the peer's own) and
// the next one are read: nobody but the peer could have put them there (RFC 8601 5, the trust boundary).

import { trustedResults } from '../message/authentication-results.ts'
import type { MethodResult } from '../message/authentication-results.ts'
import type { Vouched } from '../smtp/origin.ts'
import type { ContentCheck } from './content-check.ts'
import { accept } from './verdict.ts'

/** Turns the peer's findings into what it vouches for. Other origins are left as they are. */
export function checkTrustedResults(authservId: string): ContentCheck {
  return async (mail) => {
    if (mail.origin.kind !== 'peer') return { verdict: accept }
    const vouched = readVouched(trustedResults(mail.fields, authservId))
    return {
      verdict: accept,
      origin: { ...mail.origin, vouched },
      senderProven: vouched !== 'nothing',
      events: [
        {
          kind: 'checked',
          at: mail.at,
          queueId: mail.queueId,
          check: 'peer',
          result: vouched,
          detail: `vouched for by ${mail.origin.role}`,
        },
      ],
    }
  }
}

function readVouched(results: readonly MethodResult[]): Vouched {
  const passes = (method: string) => results.some((one) => one.method === method && one.result === 'pass')
  if (passes('auth')) return 'authenticated'
  if (passes('dmarc')) return 'dmarc-pass'
  return passes('spf') ? 'sender-pass' : 'nothing'
}
