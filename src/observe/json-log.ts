// The log: one JSON line for each event or message, through the privacy classes, to one stream (stdout of the daemon). It decides nothing
// and never throws; the ledger, not the log, is what `trace` reads.

import { pino } from 'pino'
import type { Clock } from '../lib/clock.ts'
import type { Event } from './events.ts'
import { createPrivacy } from './privacy.ts'
import type { Fields, PrivacySettings } from './privacy.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogSettings {
  readonly level: LogLevel
  readonly privacy: PrivacySettings
  /** Written into every line, such as the node's name. */
  readonly base: Readonly<Record<string, string>>
}

/** What takes the lines. */
export interface LogOutput {
  write(line: string): void
}

export interface Log {
  debug(fields: Fields, message: string): void
  info(fields: Fields, message: string): void
  warn(fields: Fields, message: string): void
  error(fields: Fields, message: string): void
  /** A mistake of the program: level error with the stack, whatever was thrown. */
  bug(error: unknown, context: string, fields?: Fields): void
  /** A ledger event: fates of mail at level info, details (checks, routing, signatures) at level debug. */
  event(event: Event): void
}

const details: ReadonlySet<Event['kind']> = new Set(['checked', 'resolved', 'signed', 'unsigned'])

export function createLog(settings: LogSettings, ports: { readonly clock: Clock; readonly output: LogOutput }): Log {
  const privacy = createPrivacy(settings.privacy)
  const logger = pino(
    {
      level: settings.level,
      base: settings.base,
      timestamp: () => `,"time":"${new Date(ports.clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    ports.output,
  )
  // Treating the fields costs more than writing them: not for lines that nobody gets.
  const write = (level: LogLevel, fields: Fields, message: string): void => {
    if (logger.isLevelEnabled(level)) logger[level](withoutOwnKeys(privacy.apply(fields)), privacy.text(message))
  }
  return {
    debug: (fields, message) => write('debug', fields, message),
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
    bug: (error, context, fields = {}) => write('error', { ...fields, error: describe(error) }, `bug: ${context}`),
    event: (event) => {
      const level = details.has(event.kind) ? 'debug' : 'info'
      if (!logger.isLevelEnabled(level)) return
      const { kind, at: _, ...fields } = event
      write(level, { event: kind, ...fields }, kind)
    },
  }
}

/** Keys of the line itself: a field of that name would make a JSON object with the key twice, read differently by different readers. */
const ownKeys = ['level', 'time', 'msg'] as const

function withoutOwnKeys(fields: Record<string, unknown>): Record<string, unknown> {
  for (const key of ownKeys) {
    if (key in fields) {
      fields[`${key}_`] = fields[key]
      delete fields[key]
    }
  }
  return fields
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by: ${describe(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
