// Judges a host by its TLSA records (RFC 7671 sections 5.1 and 5.2, RFC 7672 section 3.1). One record that fits is enough, so that old and new
// keys can be published side by side.

import type { Judgement, TlsPeer } from '../tls-policy/tls-policy.ts'
import { anchoredChain } from './anchored-chain.ts'
import { chainFault } from './chain-fault.ts'
import { isNamedBy, presentedChain } from './presented-chain.ts'
import { DANE_EE, DANE_TA, type TlsaRecord } from './tlsa-record.ts'

export interface DaneReference {
  /** Usable ones; never empty. */
  readonly records: readonly TlsaRecord[]
  /** Names of which the certificate must have one, if a CA vouches for it. */
  readonly names: readonly string[]
}

/** @param now unix ms */
export function judgeDane(
  peer: Pick<TlsPeer, 'getPeerX509Certificate'>,
  { records, names }: DaneReference,
  now: number,
): Judgement {
  const presented = presentedChain(peer)
  const [leaf] = presented
  if (!leaf) return rejected('certificate-not-trusted', 'the host presented no certificate that can be read')
  const ofHost = records.filter(({ usage }) => usage === DANE_EE)
  // DANE-EE: neither the name nor the dates count, the record itself binds the key to the name (RFC 7672 section 3.1.1).
  if (ofHost.some((record) => isNamedBy(leaf, record))) return { kind: 'accepted', level: 'verified' }
  const ofAuthority = records.filter(({ usage }) => usage === DANE_TA)
  const chain = ofAuthority.length === 0 ? null : anchoredChain(presented, ofAuthority)
  if (!chain) return rejected('certificate-not-trusted', `none of ${records.length} TLSA records fits the certificate`)
  const fault = chainFault(chain, { names, now })
  return fault ? { kind: 'rejected', ...fault } : { kind: 'accepted', level: 'verified' }
}

function rejected(failure: 'certificate-not-trusted', cause: string): Judgement {
  return { kind: 'rejected', failure, cause }
}
