// waypost account list: the accounts on hold, and what was announced.

import { time } from '../../observe/describe-event.ts'
import type { Announcement } from '../../state/brake-contract.ts'
import { openAccountReader } from '../../state/sqlite/account-access.ts'
import type { HoldRow } from '../../state/sqlite/hold-rows.ts'
import { accountsPath } from '../../wiring/node-paths.ts'
import { type Io, json, line, OK } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withStateFile } from '../place/with-state-file.ts'

interface ListOptions extends NodePlace {
  /** Also holds that have ended. */
  readonly all: boolean
  readonly now: number
  readonly json?: boolean
}

export function accountList({ all, now, ...options }: ListOptions, io: Io): Promise<number> | number {
  return withStateFile(options, { io, pathOf: accountsPath }, (path) => {
    const reader = openAccountReader(path)
    try {
      const holds = (reader?.holds() ?? []).filter(({ endedAt }) => all || endedAt === null)
      const announcements = reader?.announcements(now) ?? []
      if (options.json) json(io.stdout, { holds, announcements })
      else for (const text of listTexts(holds, announcements)) line(io.stdout, text)
      return OK
    } finally {
      reader?.close()
    }
  })
}

function listTexts(holds: readonly HoldRow[], announcements: readonly Announcement[]): readonly string[] {
  const rows = [...holds.map(holdText), ...announcements.map(announcementText)]
  return rows.length > 0 ? rows : ['no account is on hold, and nothing is announced']
}

/** `user:kim  on hold since 2026-11-21T10:00:00.000Z by node: unusual, score 7 of 6 (RECIPIENTS 4 …)`. */
export function holdText({ account, at, by, reason, evidence, endedAt, endedBy, endReason }: HoldRow): string {
  const why = [reason, evidence === '' ? '' : `(${evidence})`].filter((text) => text !== '').join(' ')
  const until = endedAt === null ? '' : `; released ${time(endedAt)} by ${endedBy}${endReason ? `: ${endReason}` : ''}`
  return `${account}  ${endedAt === null ? 'on hold' : 'held'} since ${time(at)} by ${by}${why === '' ? '' : `: ${why}`}${until}`
}

export function announcementText({ account, recipients, until, by, reason }: Announcement): string {
  return `${account}  ${recipients} recipients announced until ${time(until)} by ${by}${reason ? `: ${reason}` : ''}`
}
