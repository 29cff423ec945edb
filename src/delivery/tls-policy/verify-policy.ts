// `verify`: no mail without TLS, and the certificate chains to a trusted CA and names the host.

import type { TlsFailure } from '../../smtp/tls-result.ts'
import type { Judgement, TlsPeer, TlsPolicy } from './tls-policy.ts'

export const verifyPolicy: TlsPolicy = {
  name: 'verify',
  forHost: () => ({
    kind: 'use',
    requirement: { policy: 'verify', key: 'verify', startTls: 'always', context: 'verified', judge: judgeByCa },
  }),
}

/** The certificate chains to a CA of the context and has the name in SNI. */
export function judgeByCa(peer: TlsPeer): Judgement {
  if (peer.authorized) return { kind: 'accepted', level: 'verified' }
  const cause = String(peer.authorizationError ?? 'certificate not verified')
  return { kind: 'rejected', failure: certificateFailure(cause), cause }
}

/** @param cause the error code of OpenSSL or of Node's check of the host name */
export function certificateFailure(cause: string): TlsFailure {
  switch (cause) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'certificate-host-mismatch'
    case 'CERT_HAS_EXPIRED':
      return 'certificate-expired'
    default:
      return 'certificate-not-trusted'
  }
}
