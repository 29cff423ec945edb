// The name of the operator in the ledger.

import { userInfo } from 'node:os'

/** Behind sudo the calling user. SUDO_USER of other users is ignored, because they can set it freely. */
export function operatorName(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const caller = process.getuid?.() === 0 ? environment.SUDO_USER : undefined
  if (caller) return caller
  try {
    return userInfo().username
  } catch {
    // The user has no passwd entry, as in containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
