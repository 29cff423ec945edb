// A temporary certificate authority for `waypost demo` and for tests, in memory. Use it on loopback only.

import { systemClock } from '../lib/clock.ts'
import { createRoot, type Issued, issueCertificate, type IssueRequest } from '../x509/private-authority.ts'

export type { Issued }

export interface Authority {
  /** PEM of the root certificate. */
  readonly certificate: string
  /** PEM of its private key. */
  readonly key: string
  /** `days`: default 30. */
  issue(request: Omit<IssueRequest, 'days' | 'now'> & { readonly days?: number }): Issued
}

/** Longer than any demonstration runs, and short because the keys are not protected. */
const DEFAULT_DAYS = 30

/** Creates an authority with a new key. `name` is its common name. */
export function createAuthority(name: string): Authority {
  const root = createRoot({ name, domains: [], days: DEFAULT_DAYS, now: systemClock.now() })
  return {
    certificate: root.certificate,
    key: root.key,
    issue: (request) => issueCertificate(root.signer, { days: DEFAULT_DAYS, ...request, now: systemClock.now() }),
  }
}
