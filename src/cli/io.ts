// Input, output and exit codes of commands. The streams are passed in, so that tests can read them.

import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

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

/** Control characters except tab and LF, and the marks that change the direction of text: terminals obey or hide them. */
// oxlint-disable-next-line no-control-regex -- control characters are what it matches
const unprintable = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g

/** Writes one line. Characters of `unprintable` are escaped as in JSON, because addresses, replies and header fields come from strangers. */
export function line(to: Writable, text: string): void {
  to.write(printable(text))
}

/** Writes lines with backpressure, however many there are. */
export function lines(to: Writable, texts: AsyncIterable<string>): Promise<void> {
  return pipeline(Readable.from(texts).map(printable), to, { end: false })
}

/** The lines of a JSON array, in the format of `json`, for arrays that are too long for one string. */
export async function* jsonArray(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  let last: string | null = null
  for await (const value of values) {
    yield last === null ? '[' : `${last},`
    last = JSON.stringify(value, null, 2).replaceAll(/^/gm, '  ')
  }
  if (last === null) yield '[]'
  else yield* [last, ']']
}

function printable(text: string): string {
  return `${text.replace(unprintable, escaped)}\n`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Writes one JSON value with indentation. */
export function json(to: Writable, value: unknown): void {
  line(to, JSON.stringify(value, null, 2))
}
