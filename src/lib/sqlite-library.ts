// The library of SQLite in an executable. The system loads libraries only from files, so it is written to one.

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRawAsset } from 'node:sea'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

/** The name in a bundle, and of the asset. */
export const SQLITE_LIBRARY = 'better-sqlite3.node'
/** Under this name threads that start later find the path. */
const KEY = 'waypost sqlite library'

/**
 * A path that loads the library of the executable, in every thread of this process. All threads must have the same one: two copies of SQLite
 * in one process would release each other's locks of a file (sqlite.org/howtocorrupt.html, 2.2.1), so the first call is in the main thread.
 * Throws if no folder for temporary files can be used.
 */
export function sqliteLibraryPath(): string {
  const known = getEnvironmentData(KEY)
  if (typeof known === 'string') return known
  const causes: string[] = []
  // /dev/shm for hosts whose /tmp is mounted with noexec; in containers it is often the other way round.
  for (const parent of [tmpdir(), '/dev/shm', process.env['XDG_RUNTIME_DIR']]) {
    if (!parent) continue
    try {
      const path = openCopy(parent)
      setEnvironmentData(KEY, path)
      return path
    } catch (error) {
      causes.push(`${parent}: ${(error as Error).message}`)
    }
  }
  throw new Error(
    `cannot load the SQLite library from a temporary file (${causes.join('; ')}); set TMPDIR to a folder that this user may write and that is not mounted with noexec`,
  )
}

/**
 * The file has no name any more when it is loaded, so no other process can replace it and nothing stays behind; /proc/self/fd leads to it.
 * It stays open, so that every thread can load it.
 */
function openCopy(parent: string): string {
  const folder = mkdtempSync(join(parent, 'waypost-'))
  let fd: number
  try {
    fd = openSync(join(folder, SQLITE_LIBRARY), 'wx+', 0o600)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const content = new Uint8Array(getRawAsset(SQLITE_LIBRARY))
    for (let written = 0; written < content.length; ) written += writeSync(fd, content, written)
    const path = `/proc/self/fd/${fd}`
    // Shows whether the folder allows programs. The library stays loaded until the process ends.
    process.dlopen({ exports: {} }, path)
    return path
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
