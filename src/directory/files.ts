// Disk as a port: the two things that reading routing data needs of it.
// Room: directory.

import { globSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'

export type FileText =
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface Files {
  read(path: string): FileText
  /** Paths that match a glob below a folder, sorted; empty if there are none. */
  glob(folder: string, pattern: string): readonly string[]
}

/** Why there is no text, for a message. */
export function whyUnread(answer: Exclude<FileText, { readonly kind: 'found' }>): string {
  if (answer.kind === 'unavailable') return answer.cause
  return answer.kind === 'absent' ? 'no such file' : 'expected a file, found a folder'
}

/** The machine's own disk. */
export const diskFiles: Files = {
  read(path) {
    try {
      return { kind: 'found', text: readFileSync(path, 'utf8') }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'EISDIR') return { kind: 'folder' }
      return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'absent' } : { kind: 'unavailable', cause: message }
    }
  },
  glob: (folder, pattern) =>
    globSync(pattern, { cwd: folder })
      .toSorted()
      .map((path) => (isAbsolute(path) ? path : join(folder, path))),
}
