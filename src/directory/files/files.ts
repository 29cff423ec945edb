// Disk as a port, with the two operations that reading routing data needs.

import { globSync, readFileSync, statSync } from 'node:fs'
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

/** A hundred thousand aliases take five million octets; a file above this limit is named by mistake. */
const SIZE_LIMIT = 256 * 1024 * 1024

/** Why there is no text, as a message. */
export function describeUnread(answer: Exclude<FileText, { readonly kind: 'found' }>): string {
  if (answer.kind === 'unavailable') return answer.cause
  return answer.kind === 'absent' ? 'no such file' : 'expected a file, found a folder'
}

/** Some editors start a file with a byte order mark, which is not part of the first name. */
function textOf(octets: Buffer): FileText {
  const isWide = (octets[0] === 0xff && octets[1] === 0xfe) || (octets[0] === 0xfe && octets[1] === 0xff)
  if (isWide) return { kind: 'unavailable', cause: 'the file is UTF-16: save it as UTF-8' }
  return { kind: 'found', text: octets.toString('utf8').replace(/^\ufeff/, '') }
}

/** The disk of this machine. */
export const diskFiles: Files = {
  read(path) {
    try {
      const stat = statSync(path)
      if (stat.isDirectory()) return { kind: 'folder' }
      // A read from a pipe may never return; a device has no end.
      if (!stat.isFile()) return { kind: 'unavailable', cause: 'expected a file, found a pipe or device' }
      if (stat.size > SIZE_LIMIT)
        return { kind: 'unavailable', cause: `the file has ${stat.size} octets; the limit is ${SIZE_LIMIT}` }
      return textOf(readFileSync(path))
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
