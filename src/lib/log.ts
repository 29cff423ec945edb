// The log as a port: modules that write log lines receive this, or a part of it (`Pick`).

import type { LogFieldName } from './log-fields.ts'

/** Fields of a log line, before the privacy classes are applied. Never passwords or message content. A new field gets a class in log-fields.ts. */
export type LogFields = { readonly [Name in LogFieldName]?: unknown }

export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** An error of the program itself: level error, with the stack. `context` names the step that failed. */
  bug(error: unknown, context: string, fields?: LogFields): void
}

/** The text of whatever was thrown, for the `cause` field of a log line. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
