// Options that several commands share, and how a command ends.

import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../lib/duration.ts'

export type Finish = (code: number) => void

export const configFile = ['-c, --config <file>', "the node's YAML", 'node.yaml'] as const
export const asJson = ['--json', 'print JSON'] as const

/** Collects an option that may be given several times. */
export function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value]
}

/** ISO 8601 or unix seconds, as unix milliseconds. */
export function readTime(text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text)
  // Beyond these no Date exists (ECMA-262, time values and time range).
  if (Number.isNaN(new Date(ms).getTime()))
    throw new InvalidArgumentError('expected a time such as 2026-11-21T02:00:00Z or unix seconds')
  return ms
}

export function readDuration(text: string): number {
  const ms = parseDuration(text)
  if (ms === null) throw new InvalidArgumentError('expected a duration such as 90s, 5m, 2h or 5d')
  return ms
}
