// SPF (RFC 7208) of one transaction with mailauth in strict mode, because its lenient mode accepts records with syntax errors.

import { isIPv6 } from 'node:net'
import { spf } from 'mailauth/lib/spf/index.js'
import type { SPFResult } from 'mailauth'
import type { MailauthResolver } from './mailauth-adapter.ts'

export interface SpfRequest {
  readonly remoteIp: string
  readonly helo: string
  /** Null sender: the HELO identity is checked (RFC 7208 2.4). */
  readonly sender: string | null
  readonly authservId: string
}

/** Evaluates the record; `limitMs` bounds all look-ups together. */
export async function checkSpf(
  request: SpfRequest,
  options: { readonly resolver: MailauthResolver; readonly limitMs: number },
): Promise<SPFResult> {
  // One of mailauth's two type files lacks `strict` and `maxElapsedTime`.
  const input = {
    sender: request.sender ?? '',
    ip: request.remoteIp,
    helo: request.helo,
    mta: request.authservId,
    resolver: options.resolver,
    maxElapsedTime: options.limitMs,
    strict: true,
  }
  const found = await spf(input)
  if (found.explanation !== undefined) found.explanation = capitalDigits(found.explanation, request.remoteIp)
  return found
}

/** RFC 7208 7.3 leaves the case of %{i} open; the published test suites and most verifiers write upper-case hexadecimal digits. */
function capitalDigits(explanation: string, remoteIp: string): string {
  if (!isIPv6(remoteIp)) return explanation
  return explanation.replace(/\b[0-9a-f](?:\.[0-9a-f]){31}\b/g, (digits) => digits.toUpperCase())
}
