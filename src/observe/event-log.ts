// The contract of the log of a node, and of the formats that it is written in.

import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Event } from './events.ts'
import type { Privacy } from '../privacy/treatment.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface EventLog extends Log {
  /** An event of the ledger: outcomes at level info, details (checks, routing, signatures) at level debug. */
  event(event: Event): void
}

/** Where the lines go; each has its line feed. */
export interface LogOutput {
  write(line: string): void
}

export interface LineWriterSettings {
  readonly level: LogLevel
  /** Fields of every line, such as the name of the node. */
  readonly base: Readonly<Record<string, string>>
  readonly clock: Pick<Clock, 'now'>
}

/** One format. Its lines have no character that a terminal or a reader of lines obeys. */
export interface LineWriter {
  /** Fields and message have passed the privacy classes. */
  line(level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string): void
  event(level: LogLevel, event: Event, privacy: Privacy): void
}
