// DANE as a source of policies (RFC 7672 section 2.2): secure TLSA records make TLS mandatory, and usable ones decide which host is accepted.

import { createHash } from 'node:crypto'
import { lookupFailure } from '../../dns/resolver.ts'
import { acceptAny } from '../tls-policy/opportunistic-policy.ts'
import type { PolicyHost, PolicyPorts, PolicySource, SourceAnswer, TlsRequirement } from '../tls-policy/tls-policy.ts'
import { judgeDane } from './judge-dane.ts'
import { explainTlsa, formatTlsa, strongestRecords, type TlsaRecord } from './tlsa-record.ts'
import { lookupTlsa } from './tlsa-lookup.ts'

export const daneSource: PolicySource = { name: 'dane', ask }

async function ask(host: PolicyHost, ports: PolicyPorts): Promise<SourceAnswer> {
  const found = await lookupTlsa(host, ports.resolver)
  switch (found.kind) {
    case 'none':
      return found
    case 'unavailable': {
      const text = lookupFailure(`TLSA look-up of ${host.host}`, found)
      return { kind: 'avoid', status: '4.7.5', text, failure: 'dnssec-invalid' }
    }
    case 'records': {
      const text = explainSet(found.base, found.records)
      const usable = strongestRecords(found.records)
      const published = { type: 'tlsa', strings: found.records.map(formatTlsa), mxHosts: [] } as const
      if (usable.length === 0) return { kind: 'floor', requirement: { ...unusable, published }, text }
      const requirement = daneRequirement({ ...found, records: usable }, host, ports)
      return { kind: 'use', requirement: { ...requirement, published }, text }
    }
  }
}

/** RFC 7672 section 2.2: the records prove that the host has TLS, although none of them can be checked. */
const unusable: TlsRequirement = {
  policy: 'dane',
  key: 'dane unusable',
  startTls: 'always',
  context: 'opportunistic',
  flaw: 'tlsa-invalid',
  judge: acceptAny,
}

function daneRequirement(
  { base, records }: { readonly base: string; readonly records: readonly TlsaRecord[] },
  { path }: PolicyHost,
  { clock }: PolicyPorts,
): TlsRequirement {
  // RFC 7672 section 3.2.2: the base domain, and for hosts of MX records the domain, before and after CNAMEs.
  const names = [...new Set([base, path.domain, path.canonicalDomain])].filter((name) => name !== null)
  const reference = [...records.map(formatTlsa).toSorted(), ...names].join('\n')
  return {
    policy: 'dane',
    key: `dane ${createHash('sha256').update(reference).digest('base64url')}`,
    startTls: 'always',
    context: 'opportunistic',
    // RFC 7672 section 3.2.1: SNI has the base domain.
    serverName: base,
    provesName: true,
    judge: (peer) => judgeDane(peer, { records, names }, clock.now()),
  }
}

function explainSet(base: string, records: readonly TlsaRecord[]): string {
  const lines = records.map((record) => `${formatTlsa(record)} (${explainTlsa(record)})`)
  return `secure TLSA records below ${base}: ${lines.join('; ')}`
}
