// The TLSA records of a host: only where DNSSEC validated everything that led there (RFC 7672 section 2.2). A look-up that fails is never
// "no records": an attacker who can break DNS answers would otherwise turn DANE off.

import { isIP } from 'node:net'
import type { Resolver, Unavailable } from '../../dns/resolver.ts'
import type { PolicyHost } from '../tls-policy/tls-policy.ts'
import type { TlsaRecord } from './tlsa-record.ts'

export type TlsaLookup =
  | {
      readonly kind: 'records'
      readonly records: readonly TlsaRecord[]
      /** The name below which the records are, without the port: for SNI and the certificate. */
      readonly base: string
    }
  /** No records, or no secure ones: DANE does not apply. */
  | { readonly kind: 'none'; readonly text: string }
  | Unavailable

export async function lookupTlsa(host: PolicyHost, resolver: Resolver): Promise<TlsaLookup> {
  const bases = await baseDomains(host, resolver)
  if (bases.kind !== 'bases') return bases
  for (const base of bases.names) {
    const answer = await resolver.resolve(`_${host.port}._tcp.${base}`, 'TLSA')
    if (answer.kind === 'unavailable') return answer
    if (answer.kind === 'found' && answer.authentic) return { kind: 'records', records: answer.records, base }
  }
  return { kind: 'none', text: `no secure TLSA records below ${bases.names.join(' or ')}` }
}

/** Where to look for records, in order (RFC 7672 section 2.2.2). Hosts in insecure zones are not asked: some of their servers fail at TLSA. */
async function baseDomains(
  { host, path }: PolicyHost,
  resolver: Resolver,
): Promise<{ readonly kind: 'bases'; readonly names: readonly string[] } | Exclude<TlsaLookup, { kind: 'records' }>> {
  if (isIP(host) !== 0) return { kind: 'none', text: 'the host is an address without a name' }
  if (!path.mxAuthentic) return { kind: 'none', text: `DNSSEC does not cover the MX records of ${path.domain}` }
  const isAlias = path.canonicalHost !== host
  if (path.addressAuthentic) return { kind: 'bases', names: isAlias ? [path.canonicalHost, host] : [host] }
  const none = { kind: 'none', text: `DNSSEC does not cover the address of ${host}` } as const
  if (!isAlias) return none
  // A secure alias that points into an insecure zone: the records are at the alias.
  const alias = await resolver.resolve(host, 'CNAME')
  if (alias.kind === 'unavailable') return alias
  return alias.kind === 'found' && alias.authentic ? { kind: 'bases', names: [host] } : none
}
