// The messages of `waypost learn` in files and on standard input, octet for octet. Files are opened first and read one by one.

import { createReadStream, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { createOctetList, joinOctets } from '../../lib/octet-list.ts'

/** Octets of a message: the `max_message` of rspamd is 50 MiB. The command has one message in memory. */
export const MAX_OCTETS = 50 * 1024 * 1024

export interface Input {
  /** The file as written, or `standard input`. */
  readonly name: string
  /** The octets, or why there are none. */
  read(): Promise<Buffer | { readonly kind: 'unreadable' | 'too-large'; readonly cause: string }>
}

/** Opens every file. A file that cannot be opened is an input that cannot be read. */
export function openInputs(files: readonly string[], stdin: Readable): readonly Input[] {
  return files.map((file) =>
    file === '-' ? { name: 'standard input', read: () => readOctets(stdin) } : openFile(file),
  )
}

function openFile(name: string): Input {
  try {
    const fd = openSync(name, 'r')
    // The stream closes the file.
    return { name, read: () => readOctets(createReadStream('', { fd })) }
  } catch (error) {
    const problem = unreadable(error)
    return { name, read: () => Promise.resolve(problem) }
  }
}

/** The octets of one message. */
export async function readOctets(stream: Readable): ReturnType<Input['read']> {
  const octets = createOctetList()
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      octets.add(chunk)
      if (octets.length > MAX_OCTETS) return tooLarge()
    }
  } catch (error) {
    return unreadable(error)
  }
  return octets.length > 0 ? joinOctets(octets) : { kind: 'unreadable', cause: 'it is empty, expected a message' }
}

function tooLarge(): { readonly kind: 'too-large'; readonly cause: string } {
  return { kind: 'too-large', cause: `it has more than ${MAX_OCTETS} octets, the usual max_message of rspamd` }
}

function unreadable(error: unknown): { readonly kind: 'unreadable'; readonly cause: string } {
  return { kind: 'unreadable', cause: `cannot be read (${(error as Error).message})` }
}
