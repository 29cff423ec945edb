// A complete message from a file or from standard input. LF becomes CRLF, because files on disk have LF.

import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { Content } from '../message/content.ts'

/** Reads the whole input into memory. */
export async function readMessage(input: Readable): Promise<Content> {
  const pieces: Buffer[] = []
  for await (const piece of input) pieces.push(Buffer.from(piece as Buffer | string))
  const text = Buffer.concat(pieces).toString('latin1').replace(/\r?\n/g, '\r\n')
  const blank = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n') + 2
  const end = blank === 1 ? text.length : blank + 2
  const header = Buffer.from(text.slice(0, end), 'latin1')
  const body = Buffer.from(text.slice(end), 'latin1')
  return { header, bodySize: body.length, openBody: () => Readable.from(body.length > 0 ? [body] : []) }
}

/** The message in a file, or on standard input for `-`. Rejects if the file cannot be read. */
export function readMessageFile(file: string, stdin: Readable): Promise<Content> {
  return readMessage(file === '-' ? stdin : createReadStream(file))
}
