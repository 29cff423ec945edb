// What the node in front of us found. Only the Authentication-Results fields between the topmost Received (the peer's own) and
// the next one are read: nobody but the peer could have put them there (RFC 8601 5, the trust boundary).

import { trustedResults } from '../../message/results-field.ts'
import type { MethodResult } from '../../message/results-field.ts'
import type { Vouched } from '../../smtp/origin.ts'
import type { ContentCheck } from '../check.ts'
import { dmarcSpeaksFor } from '../sender-proof.ts'
import { accept } from '../verdict.ts'

/** Turns the peer's findings into what it vouches for. Other origins are left as they are. */
export function checkTrustedResults(authservId: string): ContentCheck {
  return async (mail) => {
    if (mail.origin.kind !== 'peer') return { verdict: accept }
    const results = trustedResults(mail.fields, authservId)
    const vouched = readVouched(results)
    return {
      verdict: accept,
      origin: { ...mail.origin, vouched },
      senderProven: provesSender(results, mail.sender),
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
  if (passed(results, 'auth')) return 'authenticated'
  if (passed(results, 'dmarc')) return 'dmarc-pass'
  return passed(results, 'spf') ? 'sender-pass' : 'nothing'
}

function provesSender(results: readonly MethodResult[], sender: string | null): boolean {
  if (passed(results, 'auth') || passed(results, 'spf')) return true
  const author = passed(results, 'dmarc')?.properties.find((one) => one.name === 'header.from')?.value
  return dmarcSpeaksFor(sender, author ?? null)
}

function passed(results: readonly MethodResult[], method: string): MethodResult | undefined {
  return results.find((one) => one.method === method && one.result === 'pass')
}
