// waypost ban list: the bans with their end, reason and evidence.

import { formatDuration } from '../../lib/duration.ts'
import type { Ban } from '../../state/ban-contract.ts'
import { openBanReader } from '../../state/sqlite/ban-access.ts'
import { bansPath } from '../../wiring/node-paths.ts'
import { type Io, json, line, OK } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withStateFile } from '../place/with-state-file.ts'

interface ListOptions extends NodePlace {
  readonly all: boolean
  readonly limit: number
  readonly now: number
  readonly json?: boolean
}

export function banList({ all, limit, now, ...options }: ListOptions, io: Io): Promise<number> | number {
  return withStateFile(options, { io, pathOf: bansPath }, async (path) => {
    const reader = openBanReader(path)
    try {
      const bans = (await reader?.list({ at: now, all, limit })) ?? []
      if (options.json) json(io.stdout, bans)
      else for (const ban of bans) line(io.stdout, described(ban, now))
      return OK
    } finally {
      reader?.close()
    }
  })
}

const KIND_WIDTH = 7
const SECOND_MS = 1000

/** `address  192.0.2.7  ends in 43m, by node: failed logins (20 failed logins from 192.0.2.7, of user:kim)`. */
export function described({ kind, value, until, by, reason, evidence, times }: Ban, now: number): string {
  const rest = Math.round(Math.abs(until - now) / SECOND_MS) * SECOND_MS
  const end = until > now ? `ends in ${formatDuration(rest)}` : `ended ${formatDuration(rest)} ago`
  const turn = times > 1 ? `, ban ${times} in turn` : ''
  const why = [reason, evidence === '' ? '' : `(${evidence})`].filter((text) => text !== '').join(' ')
  return `${kind.padEnd(KIND_WIDTH)}  ${value}  ${end}${turn}, by ${by}${why === '' ? '' : `: ${why}`}`
}
