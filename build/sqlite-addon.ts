// Loads the native addon of SQLite for a bundle or an executable; from this tree the library finds it itself. build/bundle.ts puts this file
// in the place of better-sqlite3/lib/binding.js.

import { isSea } from 'node:sea'
import { programFile } from '../src/lib/program-files.ts'
import { SQLITE_LIBRARY, sqliteLibraryPath } from '../src/lib/sqlite-library.ts'

let addon: unknown = null

/** The exports of the addon, for this thread. Throws if no folder for temporary files allows programs. */
export function loadSqliteAddon(): unknown {
  addon ??= load(isSea() ? sqliteLibraryPath() : programFile(SQLITE_LIBRARY))
  return addon
}

function load(path: string): unknown {
  const module = { exports: {} }
  process.dlopen(module, path)
  return module.exports
}
