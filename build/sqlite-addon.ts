// Loads the native addon of SQLite for a bundle or an executable; from this tree the library finds it itself. build/bundle.ts puts this file
// in the place of better-sqlite3/lib/binding.js.

import { openSync, mkdtempSync, rmSync, writeSync, closeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRawAsset, isSea } from 'node:sea'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import { programFile } from '../src/lib/program-files.ts'

const FILE = 'better-sqlite3.node'
/** Under this name the threads of the process find the path that the first one opened. */
const KEY = 'waypost sqlite addon'

let addon: unknown = null

/** The exports of the addon. Throws if no folder for temporary files allows programs. */
export function loadSqliteAddon(): unknown {
  addon ??= isSea() ? loadFromExecutable() : open(programFile(FILE))
  return addon
}

function open(path: string): unknown {
  const module = { exports: {} }
  process.dlopen(module, path)
  return module.exports
}

/**
 * The system loads libraries only from files. The file has no name any more when it is loaded, so no other process can replace it and
 * nothing stays behind; /proc/self/fd leads to it. It stays open, so that every thread can load it.
 */
function loadFromExecutable(): unknown {
  const known = getEnvironmentData(KEY)
  if (typeof known === 'string') return open(known)
  const causes: string[] = []
  // /dev/shm for hosts whose /tmp is mounted with noexec; in containers it is often the other way round.
  for (const parent of [tmpdir(), '/dev/shm', process.env['XDG_RUNTIME_DIR']]) {
    if (!parent) continue
    try {
      return openIn(parent)
    } catch (error) {
      causes.push(`${parent}: ${(error as Error).message}`)
    }
  }
  throw new Error(
    `cannot load the SQLite library from a temporary file (${causes.join('; ')}); set TMPDIR to a folder that this user may write and that is not mounted with noexec`,
  )
}

function openIn(parent: string): unknown {
  const folder = mkdtempSync(join(parent, 'waypost-'))
  let fd: number
  try {
    fd = openSync(join(folder, FILE), 'wx+', 0o600)
  } finally {
    // The open file stays readable without a name; an empty folder goes in any case.
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const content = new Uint8Array(getRawAsset(FILE))
    for (let written = 0; written < content.length; ) written += writeSync(fd, content, written)
    const exports = open(`/proc/self/fd/${fd}`)
    setEnvironmentData(KEY, `/proc/self/fd/${fd}`)
    return exports
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
