// How long a new password can be: no login with a longer one works.

import type { HashableScheme } from './schemes.ts'

/** RFC 4616 gives no limit. A longer password only wastes time in the hash function. */
export const MOST_PASSWORD_OCTETS = 1024
/** bcrypt ignores the octets after these. */
const BCRYPT_OCTETS = 72

export function mostOctets(scheme: HashableScheme): number {
  return scheme === 'BLF-CRYPT' ? BCRYPT_OCTETS : MOST_PASSWORD_OCTETS
}
