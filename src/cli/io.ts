// Input, output and exit codes of commands. The streams are passed in, so that tests can read them.

import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { printable, printableLines } from '../lib/printable.ts'

export interface Io {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Done, or yes. */
export const OK = 0
/** Failed, or no. */
export const FAILED = 1
/** Error of the command line or of the configuration. */
export const USAGE = 2

/** Writes one line. What a terminal would obey is escaped, line feeds too: addresses, replies and header fields come from strangers. */
export function line(to: Writable, text: string): void {
  to.write(ended(text))
}

/** Writes lines with backpressure, however many there are. */
export function lines(to: Writable, texts: AsyncIterable<string>): Promise<void> {
  return pipeline(Readable.from(texts).map(ended), to, { end: false })
}

/** The lines of a JSON array, in the format of `json`, for arrays that are too long for one string. */
export async function* jsonArray(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  let last: string | null = null
  for await (const value of values) {
    if (last === null) yield '['
    else yield* jsonLines(`${last},`)
    last = JSON.stringify(value, null, 2)
  }
  if (last === null) yield '[]'
  else yield* [...jsonLines(last), ']']
}

function jsonLines(text: string): string[] {
  return text.split('\n').map((one) => `  ${one}`)
}

function ended(text: string): string {
  return `${printable(text)}\n`
}

/** Writes one JSON value with indentation. */
export function json(to: Writable, value: unknown): void {
  to.write(`${printableLines(JSON.stringify(value, null, 2))}\n`)
}
