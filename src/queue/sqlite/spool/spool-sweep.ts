// Compares the spool directory with the rows, at open and before any new file. A file without a row is the rest of a crash and is deleted; a
// row without its file is a loss that the node reports.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { SpoolOwner } from '../worker/worker-protocol.ts'

/** Folder for the bodies of commands beside the node: a command may be about to write the row of a file. */
export const FOREIGN_FOLDER = 'in'
/** Age from which a file there without a row is the rest of a crashed command, ms; no step of a command takes that long. */
const FOREIGN_AGE_MS = 86_400_000

export interface SweepResult {
  /** Files that no row names, relative to the spool directory. */
  readonly orphans: readonly string[]
  readonly lost: readonly { readonly queueId: string; readonly reason: string }[]
}

/** Compares only; the caller deletes the orphans and holds the recipients of lost bodies. `now`: unix ms, for the age of files. */
export async function sweepSpool(directory: string, owners: readonly SpoolOwner[], now: number): Promise<SweepResult> {
  const named = new Set(owners.map((owner) => owner.file))
  const orphans: string[] = []
  const found = new Set<string>()
  for (const file of await listFiles(directory)) {
    if (named.has(file)) found.add(file)
    else if (!(await isFresh(directory, file, now))) orphans.push(file)
  }
  const lost: { queueId: string; reason: string }[] = []
  for (const { queueId, file, size } of owners) {
    const actual = found.has(file) ? (await stat(join(directory, file))).size : null
    if (actual === null) lost.push({ queueId, reason: `its spool file ${file} is missing` })
    else if (actual !== size)
      lost.push({ queueId, reason: `its spool file ${file} has ${actual} octets instead of ${size}` })
  }
  return { orphans, lost }
}

/** True for a file whose row another process may be about to write. */
async function isFresh(directory: string, file: string, now: number): Promise<boolean> {
  if (!file.startsWith(`${FOREIGN_FOLDER}/`)) return false
  const found = await stat(join(directory, file)).catch(() => null)
  return found !== null && now - found.mtimeMs < FOREIGN_AGE_MS
}

async function listFiles(directory: string): Promise<string[]> {
  const files: string[] = []
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    for (const name of await readdir(join(directory, entry.name))) files.push(`${entry.name}/${name}`)
  }
  return files
}
