// `fingerprint`: no mail without TLS, and the certificate of the host or its public key is one that the operator lists. No CA, name or date
// counts.

import { judgeDane } from '../dane/judge-dane.ts'
import { type TlsaRecord, sha256Records } from '../dane/tlsa-record.ts'
import type { TlsPolicy } from './tls-policy.ts'

/** @param fingerprints SHA-256 of certificates or public keys, hexadecimal */
export function fingerprintPolicy(fingerprints: readonly string[]): TlsPolicy {
  // What the operator lists means the same as a TLSA record with usage 3.
  const records: readonly TlsaRecord[] = fingerprints.flatMap(sha256Records)
  return {
    name: 'fingerprint',
    forHost: (_host, { clock }) => ({
      kind: 'use',
      requirement: {
        policy: 'fingerprint',
        key: `fingerprint ${fingerprints.join(' ')}`,
        startTls: 'always',
        context: 'opportunistic',
        provesName: true,
        judge: (peer) => {
          const judgement = judgeDane(peer, { records, names: [] }, clock.now())
          return judgement.kind === 'accepted' ? judgement : { ...judgement, cause: 'the fingerprint is not listed' }
        },
      },
    }),
  }
}
