// Files that exist only in memory, for tests, benchmarks, and data that a caller already holds.

import { dirname, matchesGlob, relative } from 'node:path'
import type { Files } from './files.ts'

/** A disk with these files on it, by path. */
export function memoryFiles(texts: Readonly<Record<string, string>>): Files {
  const folders = new Set(Object.keys(texts).flatMap(foldersAbove))
  return {
    read(path) {
      const text = texts[path]
      if (text !== undefined) return { kind: 'found', text }
      return folders.has(path) ? { kind: 'folder' } : { kind: 'absent' }
    },
    glob: (folder, pattern) =>
      Object.keys(texts)
        .filter((path) => path.startsWith(`${folder}/`) && matchesGlob(relative(folder, path), pattern))
        .toSorted(),
  }
}

function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path)
  return folder === path || folder === '.' ? [folder] : [folder, ...foldersAbove(folder)]
}
