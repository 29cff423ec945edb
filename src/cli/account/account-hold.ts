// waypost account hold, release: stops the mail of an account, or lets it continue. A running node follows within a second, and records it in the
// ledger; a stopped one at its next start, before it delivers.

import { holdAccount, releaseAccount } from '../../state/sqlite/account-access.ts'
import type { AccountName } from '../../state/usage-contract.ts'
import { accountsPath } from '../../wiring/node-paths.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withStateFile } from '../place/with-state-file.ts'

interface HoldOptions extends NodePlace {
  readonly account: AccountName
  readonly action: 'hold' | 'release'
  readonly by: string
  readonly reason: string
  readonly now: number
  readonly json?: boolean
}

export function accountHold(options: HoldOptions, io: Io): Promise<number> | number {
  const { account, action, by, reason, now: at } = options
  return withStateFile(options, { io, pathOf: accountsPath }, (path) => {
    const isNew =
      action === 'hold'
        ? holdAccount(path, { account, at, by, reason, evidence: '' })
        : releaseAccount(path, account, { at, name: by, reason })
    if (options.json) json(io.stdout, { account, action, changed: isNew })
    else if (isNew) line(io.stdout, action === 'hold' ? `${account} is on hold` : `${account} is released`)
    else line(io.stderr, action === 'hold' ? `${account} is on hold already` : `${account} is not on hold`)
    return isNew ? OK : FAILED
  })
}
