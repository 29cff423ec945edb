// Options and texts that several commands share.

import { userInfo } from 'node:os'
import { type Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { parseDuration } from '../lib/duration.ts'

/** Ends a command with its exit code. */
export type Finish = (code: number) => void

/** The values of `configFile`, `dataDirectory` and `asJson`. */
export interface CommonOptions {
  readonly config: string
  readonly data?: string
  readonly json?: boolean
}

export const configFile = ['-c, --config <file>', 'YAML file of the node', 'node.yaml'] as const
export const dataDirectory = [
  '--data <directory>',
  'data directory of the node; then its YAML is not read (default: `data` in the YAML)',
] as const
export const asJson = ['--json', 'print JSON'] as const

/** Sets the texts of a command: one line, and what exit code 1 means. */
export function describeCommand(command: Command, summary: string, exitCode1: string): Command {
  return command.summary(summary).description(`${summary}\n\nExit code 1: ${exitCode1}.`)
}

/** Collects the values of an option that may be repeated. */
export function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value]
}

/** ISO 8601 or unix seconds, as unix milliseconds. */
export function readTime(text: string): number {
  const ms = parseTime(text)
  if (ms === null) throw new InvalidArgumentError(`expected ${A_TIME} or unix seconds`)
  return ms
}

const A_TIME = 'a time such as 2026-11-21T02:00:00Z'

function parseTime(text: string): number | null {
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text)
  // Outside this range no Date exists (ECMA-262, time values and time range).
  return Number.isNaN(new Date(ms).getTime()) ? null : ms
}

/** The same, or a duration before now. */
export function readPastTime(text: string): number {
  const ago = parseDuration(text)
  const ms = ago === null || ago === 0 ? parseTime(text) : systemClock.now() - ago
  if (ms === null) throw new InvalidArgumentError(`expected ${A_TIME}, unix seconds, or a duration such as 2h`)
  return ms
}

/** A whole number from 1 on. */
export function readCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (count === 0) throw new InvalidArgumentError('expected a whole number from 1 on')
  return count
}

/** Milliseconds. */
export function readDuration(text: string): number {
  const ms = parseDuration(text)
  if (ms === null) throw new InvalidArgumentError('expected a duration such as 90s, 5m, 2h or 5d')
  return ms
}

/** The name of the operator for the ledger: behind sudo the calling user. SUDO_USER of other users is ignored, because they can set it freely. */
export function operatorName(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const caller = process.getuid?.() === 0 ? environment.SUDO_USER : undefined
  if (caller) return caller
  try {
    return userInfo().username
  } catch {
    // The user has no passwd entry, as in containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
