// The user who owns a data directory, found on a path that no third user can change. Root must not follow a path that another user may
// replace: the command would act in a directory of that user's choice.

import { lstatSync, readlinkSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export type OwnerSearch =
  /** The owner of the directory; for a missing one, of its nearest existing parent, who would own what is created there. */
  { readonly kind: 'found'; readonly owner: Owner } | { readonly kind: 'unsafe'; readonly problem: string }

/** Symbolic links in one path, as in the kernel (MAXSYMLINKS). */
const MAX_LINKS = 40
/** The sticky bit: in such a directory only the owner of an entry may replace it. */
const STICKY = 0o1000
const WRITABLE_BY_ALL = 0o002

/** A directory or a link on the path. */
interface Step extends Owner {
  readonly path: string
  readonly mode: number
}

/** Walks the path from the root directory. Throws the error of the file system, except for a missing entry. */
export function findOwner(directory: string): OwnerSearch {
  const steps = walk(resolve(directory))
  const { uid, gid } = steps.at(-1) ?? { uid: 0, gid: 0 }
  const open = steps.slice(0, -1).find(isOpenToAll)
  if (open) return unsafe(directory, `every user may replace what is in ${open.path}; set its mode to 755 or 1777`)
  const foreign = steps.find((step) => step.uid !== 0 && step.uid !== uid)
  if (foreign)
    return unsafe(
      directory,
      `${foreign.path} belongs to uid ${foreign.uid}, which may replace what is below it; give it to root${uid === 0 ? '' : ` or to uid ${uid}, the owner of the directory`}`,
    )
  return { kind: 'found', owner: { uid, gid } }
}

function unsafe(directory: string, reason: string): OwnerSearch {
  return { kind: 'unsafe', problem: `root does not work in ${directory}: ${reason}` }
}

function isOpenToAll({ mode }: Step): boolean {
  return (mode & WRITABLE_BY_ALL) !== 0 && (mode & STICKY) === 0
}

/** Every directory and link on the path, in the order in which the kernel passes them; the last one exists. */
function walk(path: string): Step[] {
  const steps: Step[] = [stepAt(sep, lstatSync(sep))]
  let rest = path.split(sep).filter((name) => name !== '')
  let at: string = sep
  for (let links = 0; rest.length > 0; ) {
    const [name = '', ...below] = rest
    const next = name === '..' ? dirname(at) : join(at, name)
    const stat = entryAt(next)
    if (!stat) return steps
    if (!stat.isSymbolicLink()) {
      steps.push(stepAt(next, stat))
      at = next
      rest = below
      continue
    }
    if (++links > MAX_LINKS) throw new Error(`too many symbolic links in ${path}`)
    // A link counts by its owner only: its mode is always 777.
    steps.push({ ...stepAt(next, stat), mode: 0 })
    const target = readlinkSync(next)
    if (target.startsWith(sep)) at = sep
    rest = [...target.split(sep).filter((part) => part !== '' && part !== '.'), ...below]
  }
  return steps
}

/** Null for a missing entry, and for one below a file. */
function entryAt(path: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return null
    throw error
  }
}

function stepAt(path: string, { uid, gid, mode }: Omit<Step, 'path'>): Step {
  return { path, uid, gid, mode }
}
