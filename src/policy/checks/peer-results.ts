// Reads what the peer found. It reads only Authentication-Results fields between the topmost Received field, which the peer added, and the
// next one: only the peer can have added those (RFC 8601 5, the trust boundary).

import { trustedResults } from '../../message/results-field.ts'
import type { MethodResult } from '../../message/results-field.ts'
import type { Event } from '../../observe/events.ts'
import type { Vouched } from '../../smtp/origin.ts'
import type { Check } from '../check.ts'
import { accept } from '../verdict.ts'
import { readUnscanned } from '../virus-result.ts'
import { dmarcProvesSender } from './authentication-results.ts'

/** Turns the peer's results into what it vouches for. Other origins stay as they are. */
export function peerResultsCheck(authservId: string): Check {
  return {
    name: 'peer-results',
    message: ({ origin, fields, sender, queueId, at }) => {
      if (origin.kind !== 'peer') return { verdict: accept }
      const results = trustedResults(fields, authservId)
      const vouched = readVouched(results)
      const event = (name: string, result: string, detail: string): Event => ({
        kind: 'checked',
        at,
        queueId,
        check: name,
        result,
        detail,
      })
      const cause = readUnscanned(results)
      const unscanned = cause === null ? [] : [event('virus', cause, `reported by ${origin.role}`)]
      return {
        verdict: accept,
        origin: { ...origin, vouched },
        senderProven: provesSender(results, sender),
        events: [event('peer', vouched, `vouched for by ${origin.role}`), ...unscanned],
      }
    },
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
  return dmarcProvesSender(sender, author ?? null)
}

function passed(results: readonly MethodResult[], method: string): MethodResult | undefined {
  return results.find((one) => one.method === method && one.result === 'pass')
}
