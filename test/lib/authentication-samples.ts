// Findings of SPF, DKIM and DMARC for tests, and a policy for them: example.org is ours.

import type { Authentication, AuthorFinding } from '../../src/filter/authentication.ts'
import type { AuthorPolicy } from '../../src/policy/checks/author-policy.ts'
import type { OwnNames } from '../../src/route/resolution.ts'

export const unaligned = { spfAligned: false, dkimAligned: false, authors: [], problem: null } as const

export function findings(more: Partial<Authentication>): Authentication {
  return {
    spf: { result: 'none', domain: null, explanation: null },
    dkim: [],
    dmarc: { ...unaligned, result: 'none', domain: null, policy: null },
    arc: { result: 'none' },
    results: 'example.org; none',
    ...more,
  }
}

export function authorFinding(
  domain: string,
  result: AuthorFinding['result'],
  more: Partial<AuthorFinding> = {},
): AuthorFinding {
  const nothing = { policy: null, policyDomain: null, spfAligned: false, strictSpf: false }
  return { ...nothing, domain, result, organizationalDomain: null, ...more }
}

/** The names of an organisation with these domains. */
export function ownNames(...domains: readonly string[]): OwnNames {
  const parentsOf = (name: string) => name.split('.').map((_, at, labels) => labels.slice(at).join('.'))
  return {
    highestAbove: (domain) => parentsOf(domain).findLast((one) => domains.includes(one)) ?? null,
    hasBelow: (domain) => domains.some((one) => parentsOf(one).includes(domain)),
  }
}

export const samplePolicy: AuthorPolicy = {
  rejectByPolicy: false,
  ownDomains: { names: () => ownNames('example.org'), refuse: true, services: [] },
  refuseUnclear: false,
}
