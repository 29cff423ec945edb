// waypost account allow: an operator announces a newsletter, so that limits and brake expect it.

import { announceMail, withdrawAnnouncement } from '../../state/sqlite/account-access.ts'
import type { AccountName } from '../../state/usage-contract.ts'
import { accountsPath } from '../../wiring/node-paths.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withStateFile } from '../place/with-state-file.ts'
import { announcementText } from './account-list.ts'

interface AllowOptions extends NodePlace {
  readonly account: AccountName
  /** 0 withdraws the announcement. */
  readonly recipients: number
  readonly until: number
  readonly by: string
  readonly reason: string
  readonly now: number
  readonly json?: boolean
}

export function accountAllow(options: AllowOptions, io: Io): Promise<number> | number {
  const { account, recipients, until, by, reason, now } = options
  if (recipients > 0 && until <= now) {
    line(io.stderr, 'found an end in the past, expected --until TIME or --for DURATION after now')
    return USAGE
  }
  return withStateFile(options, { io, pathOf: accountsPath }, (path) => {
    if (recipients === 0) {
      const isWithdrawn = withdrawAnnouncement(path, account)
      if (options.json) json(io.stdout, { account, withdrawn: isWithdrawn })
      else if (isWithdrawn) line(io.stdout, `${account} has no announcement any more`)
      else line(io.stderr, `${account} has no announcement`)
      return isWithdrawn ? OK : FAILED
    }
    const announcement = { account, recipients, until, by, reason }
    announceMail(path, announcement)
    if (options.json) json(io.stdout, announcement)
    else line(io.stdout, announcementText(announcement))
    return OK
  })
}
