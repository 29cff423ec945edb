// The user behind a command: the name in the ledger, and the user that owns the files of the queue.

import { statSync } from 'node:fs'
import { userInfo } from 'node:os'

/** The name of the operator for the ledger: behind sudo the calling user. SUDO_USER of other users is ignored, because they can set it freely. */
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

/**
 * If root calls the command and another user owns the directory, the process continues as that user, so that the node can use every file
 * that the command creates.
 */
export function actAsOwner(directory: string): void {
  if (process.getuid?.() !== 0 || !process.setuid || !process.setgid || !process.setgroups) return
  const found = statSync(directory, { throwIfNoEntry: false })
  if (!found || found.uid === 0) return
  process.setgroups([found.gid])
  process.setgid(found.gid)
  process.setuid(found.uid)
}
