// Outside services that write as our domains without passing DMARC, such as a newsletter service that does not sign for us. An entry names
// what the service must prove instead, so that it admits this service only.

import type { Authentication } from '../../filter/authentication.ts'
import type { ShownAuthors } from '../../message/shown-authors.ts'
import { domainOf } from '../../smtp/mailbox.ts'

export interface OutsideService {
  /** Addresses or domains of ours that it may use in From:, in lower case. */
  readonly authors: readonly string[]
  /** The domain for which SPF must pass; `*.` before it: also each subdomain. */
  readonly spf?: string | undefined
  /** d= of a valid signature, in the same form. If both are set, both must hold. */
  readonly dkim?: string | undefined
}

/** What the matching service has proven, for the ledger; null if no entry applies. */
export function matchingService(
  services: readonly OutsideService[],
  about: { readonly domain: string; readonly found: Authentication; readonly shown: ShownAuthors },
): string | null {
  const { domain, found, shown } = about
  // Which of several authors the service may use would depend on the mail program.
  if (shown.problem !== null || shown.domains.length !== 1) return null
  const service = services.find(
    (one) =>
      shown.addresses.every((address) => one.authors.some((author) => covers(author, address, domain))) &&
      (one.spf !== undefined || one.dkim !== undefined) &&
      (one.spf === undefined || spfPasses(found, one.spf)) &&
      (one.dkim === undefined || isSigned(found, one.dkim)),
  )
  if (!service) return null
  return [
    ...(service.spf === undefined ? [] : [`with SPF for ${found.spf.domain}`]),
    ...(service.dkim === undefined ? [] : [`with a signature of ${service.dkim}`]),
  ].join(' and ')
}

function covers(author: string, address: string, domain: string): boolean {
  return author.includes('@') ? author === address.toLowerCase() : author === domain && domainOf(address) === domain
}

function spfPasses({ spf }: Authentication, wanted: string): boolean {
  return spf.result === 'pass' && spf.domain !== null && isDomain(spf.domain, wanted)
}

function isSigned({ dkim }: Authentication, wanted: string): boolean {
  return dkim.some((one) => one.result === 'pass' && isDomain(one.domain, wanted))
}

function isDomain(domain: string, wanted: string): boolean {
  const lower = domain.toLowerCase()
  return wanted.startsWith('*.') ? lower === wanted.slice(2) || lower.endsWith(wanted.slice(1)) : lower === wanted
}
