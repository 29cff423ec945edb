// How a command talks to the world: passed in, so that tests can listen. Exit codes are the same for every command.

import type { Readable, Writable } from 'node:stream'

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

/** Writes one line. */
export function line(to: Writable, text: string): void {
  to.write(`${text}\n`)
}

/** Writes one JSON value, readable by people and programs. */
export function json(to: Writable, value: unknown): void {
  line(to, JSON.stringify(value, null, 2))
}
