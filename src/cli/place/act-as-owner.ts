// A command that root calls continues as the owner of the directory in which it works. From then on the kernel denies whatever that user may
// not do: links, pipes and renames that the user plants lead nowhere else, and every new file belongs to the user.

import { findOwner, type Owner } from './directory-owner.ts'
import { findServiceUser } from './service-user.ts'

/** Why the command cannot work in the directory. Its message is for the operator. */
export class UnsafeDirectory extends Error {
  override readonly name = 'UnsafeDirectory'
}

let actingAs: Owner | null = null

/**
 * Gives up root for good if another user owns the directory; does nothing for other users. Throws UnsafeDirectory if a third user could
 * replace the directory. Read what only root may read before.
 */
export function actAsOwner(directory: string): void {
  if (process.getuid?.() !== 0) return
  const found = findOwner(directory)
  if (found.kind === 'unsafe') throw new UnsafeDirectory(found.problem)
  if (found.owner.uid === 0) return
  becomeUser(found.owner)
}

/**
 * The same for a directory that does not exist yet: the command continues as the user that the service will have. False if root calls it and
 * that user is not known.
 */
export function actAsServiceUser(): boolean {
  if (process.getuid?.() !== 0) return true
  const user = findServiceUser()
  if (user !== null && user.uid !== 0) becomeUser(user)
  return user !== null
}

/** Whose rights the command has since it gave up root; empty if it did not. */
export function actingNote(): string {
  return actingAs === null ? '' : `the command worked as uid ${actingAs.uid}, the user of the node`
}

function becomeUser({ uid, gid }: Owner): void {
  setGroups(uid, gid)
  process.setgid?.(gid)
  process.setuid?.(uid)
  actingAs = { uid, gid }
}

/** The groups of the user, as the service manager sets them for the node. A user without a passwd entry has only the group of the directory. */
function setGroups(uid: number, gid: number): void {
  // @types/node lacks the function.
  const { initgroups } = process as { readonly initgroups?: (user: number, group: number) => void }
  try {
    initgroups?.(uid, gid)
  } catch {
    process.setgroups?.([gid])
  }
}
