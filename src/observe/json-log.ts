// The log of a node: one JSON line for each event or message, with personal data treated by the privacy classes. It never throws. `trace`
// reads the event ledger, not the log.

import { pino } from 'pino'
import type { Clock } from '../lib/clock.ts'
import type { Log, LogFields } from '../lib/log.ts'
import type { Event } from './events.ts'
import { createPrivacy } from './privacy.ts'
import type { PrivacySettings } from './privacy.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogSettings {
  readonly level: LogLevel
  readonly privacy: PrivacySettings
  /** Fields of every line, such as the name of the node. */
  readonly base: Readonly<Record<string, string>>
}

/** Where the lines go. */
export interface LogOutput {
  write(line: string): void
}

export interface EventLog extends Log {
  /** An event of the ledger: outcomes at level info, details (checks, routing, signatures) at level debug. */
  event(event: Event): void
}

const details: ReadonlySet<Event['kind']> = new Set(['checked', 'resolved', 'signed', 'unsigned'])

export function createLog(
  settings: LogSettings,
  ports: { readonly clock: Clock; readonly output: LogOutput },
): EventLog {
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
  // Applying the privacy classes is slower than writing: skip it for lines below the level.
  const write = (level: LogLevel, fields: LogFields, message: string): void => {
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

/** Keys of the line itself: a field of the same name would appear twice in the JSON object, which parsers read differently. */
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
