// What is wrong with a chain that leads to a trusted CA (RFC 5280 section 6.1, as far as SMTP needs it): names, dates, what the certificates are
// for, and the limits that a CA has. Signatures are checked where the chain is built.

import type { TlsFailure } from '../../smtp/tls-result.ts'
import { pathLength } from '../../x509/certificate-parts.ts'
import type { Presented } from './presented-chain.ts'

export interface ChainFault {
  readonly failure: TlsFailure
  readonly cause: string
}

/** Extended key usage of TLS servers (RFC 5280 section 4.2.1.12). */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
/** OIDs of extensions. */
const BASIC_CONSTRAINTS = '2.5.29.19'
const NAME_CONSTRAINTS = '2.5.29.30'
/** Key usage, subject and basic constraints, policies, extended key usage: checked here or by Node, or without effect on a name of a host. */
const known: ReadonlySet<string> = new Set([
  '2.5.29.15',
  '2.5.29.17',
  BASIC_CONSTRAINTS,
  '2.5.29.32',
  '2.5.29.36',
  '2.5.29.37',
  '2.5.29.54',
])

/** @param chain from the certificate of the host to that of the CA @param now unix ms @returns null if there is none */
export function chainFault(
  chain: readonly Presented[],
  { names, now }: { readonly names: readonly string[]; readonly now: number },
): ChainFault | null {
  const [leaf] = chain
  const { certificate } = leaf as Presented
  if (!names.some((name) => certificate.checkHost(name, { partialWildcards: false }) !== undefined))
    return fault('certificate-host-mismatch', `the certificate names none of ${names.join(', ')}`)
  for (const [index, { certificate: one }] of chain.entries()) {
    const which = index === 0 ? 'the certificate' : `the CA certificate ${one.subject.replaceAll('\n', ' ')}`
    if (one.validToDate.getTime() < now)
      return fault('certificate-expired', `${which} expired ${one.validToDate.toISOString()}`)
    if (one.validFromDate.getTime() > now)
      return fault('certificate-expired', `${which} is not valid before ${one.validFromDate.toISOString()}`)
  }
  const { keyUsage } = certificate
  if (keyUsage && keyUsage.length > 0 && !keyUsage.includes(SERVER_AUTH))
    return fault('certificate-not-trusted', 'the certificate is not for TLS servers')
  return limitFault(chain)
}

/** The limits of the CAs. Constraints of names are rare; a chain with them is refused instead of trusted without a check. */
function limitFault(chain: readonly Presented[]): ChainFault | null {
  for (const [index, { parts }] of chain.entries()) {
    const constraints = parts.extensions.get(BASIC_CONSTRAINTS)
    const limit = index === 0 || !constraints ? null : pathLength(constraints)
    if (limit === 'damaged') return fault('certificate-not-trusted', 'a CA has damaged basic constraints')
    // CAs between this one and the host.
    if (limit !== null && index - 1 > limit)
      return fault('certificate-not-trusted', `a CA allows ${limit} more CAs, and ${index - 1} follow`)
    for (const [id, { isCritical }] of parts.extensions) {
      if (id === NAME_CONSTRAINTS || (isCritical && !known.has(id)))
        return fault('certificate-not-trusted', `a certificate has the extension ${id}, which the node does not check`)
    }
  }
  return null
}

function fault(failure: TlsFailure, cause: string): ChainFault {
  return { failure, cause }
}
