// How a command talks to the world: passed in, so that tests can listen. Exit codes are the same for every command.

import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface Io {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Yes, or done. */
export const OK = 0
/** No, or failed. */
export const FAILED = 1
/** The command line or the configuration is wrong. */
export const USAGE = 2

/** What a terminal obeys or hides instead of showing it: control characters but tab and line end, and the marks that turn the way of writing. */
// oxlint-disable-next-line no-control-regex -- they are the point
const unprintable = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g

/** Writes one line. Much of it is of strangers (addresses, replies, header fields): what is not to be seen is written as JSON writes it. */
export function line(to: Writable, text: string): void {
  to.write(printable(text))
}

/** Writes lines as fast as they are read there, however many there are. */
export function lines(to: Writable, texts: Iterable<string>): Promise<void> {
  return pipeline(Readable.from(texts).map(printable), to, { end: false })
}

/** The lines of a JSON array that is too long for one string, as `json` would write it. */
export function* jsonArray(values: Iterable<unknown>): Generator<string> {
  let last: string | null = null
  for (const value of values) {
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

/** Writes one JSON value, readable by people and programs. */
export function json(to: Writable, value: unknown): void {
  line(to, JSON.stringify(value, null, 2))
}
