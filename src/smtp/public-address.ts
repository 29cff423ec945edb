// The addresses that programs of this host write: without a domain (`root`), with an empty one (`root@`), at a short or local name
// (`root@web-01`), or at the name of the host. Such a name means nothing elsewhere, so none leaves the host.

import { domainOf, splitAddress } from './mailbox.ts'

export interface LocalNames {
  /** Full name of this host, in lower case. */
  readonly host: string
  /** The domain of the organisation, in lower case. */
  readonly domain: string
  /** Other names of hosts that `rewrite` replaces: `web-01.example.org`, or `*.internal.example.org` for all names below one. */
  readonly hosts: readonly string[]
  /** Replace host names by the domain of the organisation. */
  readonly rewrite: boolean
}

/** A sender without a domain belongs to this host; mail to a recipient without one goes to the domain of the organisation. */
export type NameUse = 'sender' | 'recipient'

/** Names that mean the host itself and never leave it (RFC 6761 6.3). */
const loopbackNames = new Set(['localhost', 'localhost.localdomain'])

/**
 * The address with a domain that means something elsewhere. It returns other addresses, and texts that are no address, unchanged.
 * @param address `local@domain`, `local@` or `local`; a quoted local part keeps its quotes
 */
export function publicAddress(names: LocalNames, address: string, use: NameUse): string {
  const { local, domain } = splitAddress(address)
  if (local === '') return address
  const replaced = publicDomain(names, domain.toLowerCase(), use)
  return replaced === null ? address : `${local}@${replaced}`
}

/** True if the address has no domain, or one that only this host knows. */
export function isUnqualified(address: string): boolean {
  const domain = domainOf(address).toLowerCase()
  return domain === '' || loopbackNames.has(domain) || !/[.:[]/.test(domain)
}

/** The domain that replaces this one; null if it stays. */
function publicDomain(names: LocalNames, domain: string, use: NameUse): string | null {
  const { host, rewrite } = names
  if (isUnqualified(`x@${domain}`)) return use === 'recipient' || rewrite ? names.domain : host
  if (!rewrite || domain === names.domain) return null
  return domain === host || names.hosts.some((one) => matches(one, domain)) ? names.domain : null
}

function matches(pattern: string, domain: string): boolean {
  return pattern.startsWith('*.') ? domain.endsWith(pattern.slice(1)) : domain === pattern
}
