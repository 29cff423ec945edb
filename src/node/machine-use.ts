// Notes with which key each machine was last here, so that `waypost machine list` finds those that never came and keys that are not in use.

import type { LastUses } from '../auth/last-uses.ts'
import type { CertificateAuthenticator } from '../auth/authenticator.ts'

/** Characters of a fingerprint that stand for it in the file; two keys of one machine differ in them. */
const MARK_LENGTH = 32

/** The name under which the use of a key, or of a certificate, is kept. */
export function fingerprintMark(fingerprint: string): string {
  return fingerprint.slice(0, MARK_LENGTH)
}

export function notingMachines(
  machines: CertificateAuthenticator,
  use: Pick<LastUses, 'note'>,
): CertificateAuthenticator {
  return {
    identify: async (certificate, ip) => {
      const answer = await machines.identify(certificate, ip)
      if (answer.kind === 'identified')
        for (const print of [certificate.keyFingerprint, certificate.fingerprint])
          use.note(answer.identity, fingerprintMark(print), ip)
      return answer
    },
  }
}
