// Fetches the policy of a domain over HTTPS (RFC 8461 section 3.3).

import type { AskStranger, StrangerAnswer } from '../https/ask-stranger.ts'
import { parseStsPolicy, type StsPolicy } from './sts-policy.ts'

export type FetchedPolicy =
  | { readonly kind: 'fetched'; readonly policy: StsPolicy }
  /** `failure` as in RFC 8460 section 4.3.2.2; `cause` says what the server did. */
  | { readonly kind: 'failed'; readonly failure: StsFailure; readonly cause: string }
  /** The node has no place for the request now. */
  | { readonly kind: 'busy'; readonly cause: string }

export type StsFailure = 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid'

export type FetchPolicy = (domain: string) => Promise<FetchedPolicy>

/** RFC 8461 3.3 suggests a minute, ms. */
const DEADLINE_MS = 60_000
/** RFC 8461 3.3 suggests 64 KB. */
const MOST_OCTETS = 64 * 1024

/** The result never rejects. @param port 443, except in tests */
export function createPolicyFetch(port: number, ask: AskStranger): FetchPolicy {
  return async (domain) => {
    const answer = await ask({
      host: `mta-sts.${domain}`,
      port,
      path: '/.well-known/mta-sts.txt',
      method: 'GET',
      headers: { Accept: 'text/plain' },
      body: null,
      timeoutMs: DEADLINE_MS,
      mostOctets: MOST_OCTETS,
    })
    if (answer.kind === 'busy') return answer
    if (answer.kind === 'failed')
      return failed(answer.cause, answer.isCertificate ? 'sts-webpki-invalid' : 'sts-policy-fetch-error')
    const problem = problemOf(answer)
    if (problem !== null) return failed(problem, 'sts-policy-fetch-error')
    const read = parseStsPolicy(answer.body.toString('latin1'))
    return read.kind === 'invalid' ? failed(read.cause, 'sts-policy-invalid') : { kind: 'fetched', policy: read.policy }
  }
}

function failed(cause: string, failure: StsFailure): FetchedPolicy {
  return { kind: 'failed', failure, cause }
}

/** RFC 8461 3.3: only a 200 counts, and redirects are not followed. Section 3.2: the media type keeps pages of users from being policies. */
function problemOf({ status, headers }: Extract<StrangerAnswer, { kind: 'answer' }>): string | null {
  if (status !== 200) return `the server answered ${status}`
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== 'text/plain') return `the media type is ${JSON.stringify(type)}, not text/plain`
  const coding = headers['content-encoding'] ?? 'identity'
  return coding.toLowerCase() === 'identity' ? null : `the content coding is ${JSON.stringify(coding)}`
}
