// The log of a node as one JSON object a line.

import { pino } from 'pino'
import { printableJson } from '../lib/printable.ts'
import type { LineWriter, LineWriterSettings, LogOutput } from './event-log.ts'

/** Writes JSON lines with level, time, fields and `msg`. */
export function jsonLines({ level, base, clock }: LineWriterSettings, output: LogOutput): LineWriter {
  const logger = pino(
    {
      level,
      base,
      timestamp: timestamps(clock),
      formatters: { level: (label) => ({ level: label }) },
    },
    // JSON leaves C1 and the marks of direction as they are; escaped they are the same JSON.
    { write: (line: string) => output.write(printableJson(line)) },
  )
  const line: LineWriter['line'] = (one, fields, message) => logger[one](withoutOwnKeys(fields), message)
  return {
    line,
    event: (one, event, privacy) => {
      line(one, isoTimes(privacy.lineFields(event)), event.kind)
    },
  }
}

/** The member `time` of each line. Under load several lines have the same millisecond. */
function timestamps(clock: LineWriterSettings['clock']): () => string {
  let last = Number.NaN
  let text = ''
  return () => {
    const now = clock.now()
    if (now !== last) text = `,"time":"${new Date(now).toISOString()}"`
    last = now
    return text
  }
}

/** Times of events are Unix milliseconds; a log has ISO 8601. */
function isoTimes(fields: Record<string, unknown>): Record<string, unknown> {
  for (const name in fields) {
    const value = fields[name]
    if (typeof value === 'number' && name.endsWith('At')) fields[name] = new Date(value).toISOString()
  }
  return fields
}

/** Keys of the line itself: a field of the same name would appear twice in the JSON object, which parsers read differently. */
const ownKeys = ['level', 'time', 'msg'] as const

function withoutOwnKeys(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!('level' in fields || 'time' in fields || 'msg' in fields)) return fields
  const own: Record<string, unknown> = { ...fields }
  for (const key of ownKeys) {
    if (key in own) {
      own[`${key}_`] = own[key]
      delete own[key]
    }
  }
  return own
}
