// Who gives a command: the name that the ledger keeps. Behind sudo that is the person, not root.

import { userInfo } from 'node:os'

/** The user's name; `SUDO_USER` counts only for root, who could write anything into it anyway. */
export function operatorName(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const behind = process.getuid?.() === 0 ? environment.SUDO_USER : undefined
  if (behind) return behind
  try {
    return userInfo().username
  } catch {
    // A user without an entry in the system's list, as in containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
