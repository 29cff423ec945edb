// `secure`: no mail without TLS, the certificate chains to a trusted CA, and it has a name that does not come from insecure DNS answers: one
// that the operator gives, or the recipient domain or a name below it, or the host if DNSSEC or the configuration leads to it.

import type { TlsFailure } from '../../smtp/tls-result.ts'
import type { Judgement, PolicyHost, TlsPeer, TlsPolicy } from './tls-policy.ts'
import { certificateFailure } from './verify-policy.ts'

/** @param match names to accept, `.example.net` for all names below; null for those of the domain */
export function securePolicy(match: readonly string[] | null): TlsPolicy {
  return {
    name: 'secure',
    forHost: (host) => {
      const names = match ?? namesOf(host)
      return {
        kind: 'use',
        requirement: {
          policy: 'secure',
          key: `secure ${names.join(' ')}`,
          startTls: 'always',
          context: 'verified',
          provesName: true,
          judge: (peer) => judgeByNames(peer, names),
        },
      }
    },
  }
}

function namesOf({ host, path }: PolicyHost): string[] {
  const { domain, mxAuthentic } = path
  return [...(domain === null ? [] : [domain, `.${domain}`]), ...(mxAuthentic ? [host] : [])]
}

/** Node compares the certificate with the host as well; here only other errors of the chain count. */
function judgeByNames(peer: TlsPeer, names: readonly string[]): Judgement {
  const error = String(peer.authorizationError ?? 'certificate not verified')
  if (!peer.authorized && certificateFailure(error) !== 'certificate-host-mismatch')
    return rejected(certificateFailure(error), error)
  const certificate = peer.getPeerX509Certificate()
  const isNamed = names.some((name) => certificate?.checkHost(name, { partialWildcards: false }) !== undefined)
  if (isNamed) return { kind: 'accepted', level: 'verified' }
  return rejected('certificate-host-mismatch', `the certificate names none of ${names.join(', ')}`)
}

function rejected(failure: TlsFailure, cause: string): Judgement {
  return { kind: 'rejected', failure, cause }
}
