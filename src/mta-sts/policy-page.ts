// Our own policy over HTTPS (RFC 8461 section 3.2): the host `mta-sts.DOMAIN` has one page.

import { type Page, plainPage } from '../lib/http-page.ts'
import { formatStsPolicy, type StsPolicy } from './sts-policy.ts'

export interface OwnPolicy {
  /** The domains of the policy; A-labels in lower case. */
  readonly domains: readonly string[]
  readonly policy: StsPolicy
}

export interface PolicyPageRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** The Host field in lower case, with or without a port. */
  readonly authority: string
}

const PREFIX = 'mta-sts.'

/** Null if the request is for another host. */
export function policyPage({ domains, policy }: OwnPolicy, { method, url, authority }: PolicyPageRequest): Page | null {
  const host = authority.replace(/:\d+$/, '')
  if (!host.startsWith(PREFIX)) return null
  if (!domains.includes(host.slice(PREFIX.length))) return plainPage(404, 'There is no policy for this domain')
  if (url.split('?')[0] !== '/.well-known/mta-sts.txt') return plainPage(404, 'Not found')
  if (method !== 'GET' && method !== 'HEAD') return plainPage(405, 'Method not allowed', { allow: 'GET, HEAD' })
  return { status: 200, contentType: 'text/plain; charset=us-ascii', content: formatStsPolicy(policy) }
}
