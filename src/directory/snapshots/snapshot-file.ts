// The format of a snapshot file: a line with a checksum of the rest, a line with the header, a line with the content. A truncated
// file is not a snapshot.

import { createHash } from 'node:crypto'
import type { FileEndings } from '../files/file-ending.ts'
import type { ContentCounts, SourceContent } from './source-content.ts'

export interface SnapshotHeader {
  readonly version: number
  /** Unix milliseconds. */
  readonly takenAt: number
  readonly source: string
  readonly counts: ContentCounts
  /** How each file ended; only of files. */
  readonly endings?: FileEndings
}

export interface StoredSnapshot {
  readonly header: SnapshotHeader
  readonly content: SourceContent
}

export type ReadSnapshot =
  | { readonly kind: 'read'; readonly snapshot: StoredSnapshot }
  | { readonly kind: 'bad'; readonly cause: string }

/** Changed when an older program could misread the content. */
const FORMAT = 'waypost-directory-1'

export function printSnapshot({ header, content }: StoredSnapshot): string {
  const body = `${JSON.stringify(header)}\n${JSON.stringify(content)}\n`
  return `${FORMAT} ${checksum(body)}\n${body}`
}

export function parseSnapshot(text: string): ReadSnapshot {
  const first = text.indexOf('\n')
  const [format, sum] = text.slice(0, Math.max(first, 0)).split(' ')
  if (format !== FORMAT) return { kind: 'bad', cause: 'it is not a snapshot file of this version' }
  const body = text.slice(first + 1)
  if (checksum(body) !== sum) return { kind: 'bad', cause: 'wrong checksum: the file is damaged or truncated' }
  const [header = '', content = ''] = body.split('\n')
  // The checksum is right, so printSnapshot wrote it.
  return {
    kind: 'read',
    snapshot: { header: JSON.parse(header) as SnapshotHeader, content: JSON.parse(content) as SourceContent },
  }
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
