// The log of a node: one line for each event or message, as JSON or as text, with personal data treated by the privacy classes. It never
// throws. `trace` reads the event ledger, not the log.

import type { Clock } from '../lib/clock.ts'
import type { LogFields } from '../lib/log.ts'
import type { EventLog, LineWriter, LogLevel, LogOutput } from './event-log.ts'
import type { Event } from './events.ts'
import { jsonLines } from './json-log.ts'
import { createPrivacy } from '../privacy/treatment.ts'
import type { PrivacySettings } from '../privacy/treatment.ts'
import { textLines } from './text-log.ts'

export interface LogSettings {
  readonly level: LogLevel
  readonly format: 'json' | 'text'
  readonly privacy: PrivacySettings
  /** Fields of every line, such as the name of the node. */
  readonly base: Readonly<Record<string, string>>
}

const details: ReadonlySet<Event['kind']> = new Set(['checked', 'resolved', 'signed', 'unsigned'])

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export function createLog(
  settings: LogSettings,
  { clock, output }: { readonly clock: Clock; readonly output: LogOutput },
): EventLog {
  const privacy = createPrivacy(settings.privacy)
  const writer = createWriter(settings, clock, output)
  // Applying the privacy classes is slower than writing: skip it for lines below the level.
  const isWritten = (level: LogLevel) => levels.indexOf(level) >= levels.indexOf(settings.level)
  const write = (level: LogLevel, fields: LogFields, message: string): void => {
    if (isWritten(level)) writer.line(level, privacy.apply(fields), privacy.text(message))
  }
  return {
    debug: (fields, message) => write('debug', fields, message),
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
    bug: (error, context, fields = {}) => write('error', { ...fields, error: describe(error) }, `bug: ${context}`),
    event: (event) => {
      const level = details.has(event.kind) ? 'debug' : 'info'
      if (isWritten(level)) writer.event(level, event, privacy)
    },
  }
}

function createWriter({ format, level, base }: LogSettings, clock: Clock, output: LogOutput): LineWriter {
  const settings = { level, base, clock }
  return format === 'text' ? textLines(settings, output) : jsonLines(settings, output)
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by: ${describe(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
