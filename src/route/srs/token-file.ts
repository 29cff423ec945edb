// The file in which earlier versions stored the senders that are too long for SRS: a line for each use. It is read once and removed.

import { readRegularFile } from '../../lib/read-regular-file.ts'

export interface StoredToken {
  readonly token: string
  readonly sender: string
  /** Unix milliseconds of the last use. */
  readonly at: number
}

/** The tokens of the file, each with its last use. Lines that cannot be read, such as an incomplete last one, are ignored. */
export async function readTokenFile(path: string): Promise<readonly StoredToken[]> {
  const text = await readRegularFile(path).catch(absentIsEmpty)
  const kept = new Map<string, StoredToken>()
  for (const line of text.split('\n')) {
    // Without an anchor: early releases continued a line that a full disk cut off.
    const [, token, at, sender] = /([0-9a-v]{32}) (\d+) ("(?:[^"\\]|\\.)*")$/.exec(line) ?? []
    if (token !== undefined && sender !== undefined)
      kept.set(token, { token, sender: JSON.parse(sender) as string, at: Number(at) })
  }
  return [...kept.values()]
}

function absentIsEmpty(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
