// Authors of ours that are not proven, and the envelopes that would make their DMARC pass. A message with such an author never leaves with
// one: SPF passes for every envelope of ours, so an aligned one turns a forgery of our domain into our own mail (RFC 9989 4.4.2).

import type { AuthorFinding } from '../filter/authentication.ts'
import { readShownAuthors } from '../message/shown-authors.ts'
import type { MethodResult } from '../message/results-field.ts'
import type { OwnNames } from '../route/resolution.ts'
import type { Origin } from '../smtp/origin.ts'
import { knownResults, resultProperty } from './known-results.ts'
import type { VerifiedMail } from './known-results.ts'

export interface OwnAuthorSettings {
  readonly authservId: string
  readonly names: () => OwnNames
}

export interface UnprovenAuthor {
  /** The author domain as From: shows it. */
  readonly domain: string
  /** The result of DMARC, such as `dmarc=fail`. */
  readonly result: string
  /** True if From: shows authors of other domains too, so that no program agrees with another about the author. */
  readonly several: boolean
  /** True if a passing SPF for this domain would make DMARC pass for the author. More domains count than DMARC counts, never fewer. */
  aligns(envelopeDomain: string): boolean
}

type Organization = Pick<AuthorFinding, 'domain' | 'organizationalDomain'>

/** True for our domains, their subdomains, and the domains that share an organizational domain with one of them. */
export function isOwnAuthor(names: OwnNames, { domain, organizationalDomain }: Organization): boolean {
  return names.highestAbove(domain) !== null || names.hasBelow(organizationalDomain ?? domain)
}

/** The authors of ours in From: that neither the origin nor DMARC proves, and for which an envelope could make DMARC pass. */
export function unprovenOwnAuthors(settings: OwnAuthorSettings, mail: VerifiedMail): readonly UnprovenAuthor[] {
  if (isProvenByOrigin(mail.origin)) return []
  const { domains } = readShownAuthors(mail.fields)
  if (domains.length === 0) return []
  const names = settings.names()
  const dmarc = knownResults(settings.authservId, mail).find((one) => one.method === 'dmarc')
  return domains.flatMap((domain) => {
    const finding = findingFor(domain, dmarc)
    if (finding.result === 'pass' && domains.length === 1) return []
    // Without a DMARC record no envelope makes DMARC pass. The walk of the verifying node found none at any parent either (4.10).
    if (finding.result === 'none' && domains.length === 1) return []
    if (!isOwnAuthor(names, finding)) return []
    const result = dmarc ? `dmarc=${dmarc.result}` : 'DMARC was not checked'
    return [{ domain, result, several: domains.length > 1, aligns: alignment(names, finding) }]
  })
}

/** Authenticated clients may use their own addresses only (policy/checks/author.ts). A DMARC pass is read from the results, with its domain. */
export function isProvenByOrigin(origin: Origin): boolean {
  if (origin.kind === 'peer') return origin.vouched === 'authenticated'
  return origin.kind !== 'internet'
}

interface KnownFinding extends Organization {
  readonly result: string
  readonly strictSpf: boolean
}

/** What the results say about the author domain. The verifying node omits the organizational domain if it is the author domain. */
function findingFor(domain: string, dmarc: MethodResult | undefined): KnownFinding {
  if (!dmarc || resultProperty(dmarc, 'header.from')?.toLowerCase() !== domain)
    return { domain, result: 'unknown', organizationalDomain: null, strictSpf: false }
  const hasRecord = resultProperty(dmarc, 'policy.dmarc') !== null
  return {
    domain,
    result: dmarc.result,
    organizationalDomain: hasRecord ? (resultProperty(dmarc, 'policy.org-domain')?.toLowerCase() ?? domain) : null,
    strictSpf: resultProperty(dmarc, 'policy.aspf') === 's',
  }
}

/** Without a known organizational domain, all names around the author and around our domain above it count. */
function alignment(
  names: OwnNames,
  { domain, organizationalDomain, strictSpf }: KnownFinding,
): (envelopeDomain: string) => boolean {
  if (strictSpf) return (envelope) => envelope === domain
  if (organizationalDomain !== null) return (envelope) => isWithin(envelope, organizationalDomain)
  const root = names.highestAbove(domain)
  return (envelope) =>
    isWithin(envelope, domain) || isWithin(domain, envelope) || (root !== null && isWithin(envelope, root))
}

function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`)
}
