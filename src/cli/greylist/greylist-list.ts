// waypost greylist list: the entries, or what came back and what did not.

import { formatDuration } from '../../lib/duration.ts'
import type { GreylistEntry, GreylistFilter, GreylistReader, GreylistResult } from '../../state/greylist-contract.ts'
import { openGreylistReader } from '../../state/sqlite/greylist-access.ts'
import { greylistPath } from '../../wiring/node-paths.ts'
import { type Io, json, line, OK } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withStateFile } from '../place/with-state-file.ts'

export type FilterFlags = GreylistFilter

interface ListOptions extends NodePlace, FilterFlags {
  readonly limit: number
  readonly now: number
  readonly json?: boolean
}

export function greylistList({ limit, now, ...options }: ListOptions, io: Io): Promise<number> | number {
  const { network, sender, recipient, state } = options
  return withReader(options, io, async (reader) => {
    const filter = { network, sender, recipient, state }
    const entries = (await reader?.entries(filter, { at: now, limit })) ?? []
    if (options.json) json(io.stdout, entries)
    else for (const entry of entries) line(io.stdout, described(entry, now))
    return OK
  })
}

interface SummaryOptions extends NodePlace {
  /** Unix milliseconds. */
  readonly since: number
  readonly now: number
  readonly json?: boolean
}

export function greylistSummary({ since, now, ...options }: SummaryOptions, io: Io): Promise<number> | number {
  return withReader(options, io, async (reader) => {
    const results = (await reader?.results({ at: now, since })) ?? []
    if (options.json) json(io.stdout, results)
    else for (const text of table(results)) line(io.stdout, text)
    return OK
  })
}

function withReader(
  place: NodePlace,
  io: Io,
  use: (reader: GreylistReader | null) => Promise<number>,
): Promise<number> | number {
  return withStateFile(place, { io, pathOf: greylistPath }, async (path) => {
    const reader = openGreylistReader(path)
    try {
      return await use(reader)
    } finally {
      reader?.close()
    }
  })
}

/** `waiting  192.0.2.0/24  stranger.example -> kim@example.org: first 4m ago, score`. */
function described(
  { origin, sender, recipient, network, state, reason, ...times }: GreylistEntry,
  now: number,
): string {
  const from = origin === network ? network : `${origin} (first from ${network})`
  const what = recipient === null ? 'all mail' : `${sender || '<>'} -> ${recipient}`
  const { firstAt, passedAt, usedAt } = times
  const waited = passedAt === null ? '' : `, came back after ${span(passedAt - firstAt)}, last used ${ago(usedAt, now)}`
  return `${state.padEnd(STATE_WIDTH)} ${from}  ${what}: first ${ago(firstAt, now)}${waited}, ${reason}`
}

const STATE_WIDTH = 8
const SECOND_MS = 1000

function ago(at: number, now: number): string {
  return `${span(now - at)} ago`
}

function span(ms: number): string {
  return formatDuration(Math.max(0, Math.round(ms / SECOND_MS)) * SECOND_MS)
}

function table(results: readonly GreylistResult[]): string[] {
  const columns = ['reason', 'greylisted', 'came back', 'did not', 'gave way']
  const rows = results.map(({ reason, greylisted, cameBack, lost, evicted }) =>
    [reason, greylisted, cameBack, lost, evicted].map(String),
  )
  return [columns, ...rows].map(
    ([name = '', ...numbers]) => `${name.padEnd(16)}${numbers.map((one) => one.padStart(11)).join('')}`,
  )
}
