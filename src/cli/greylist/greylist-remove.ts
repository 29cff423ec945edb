// waypost greylist remove: forgets entries. Exit code 1 if none matches.

import type { GreylistFilter } from '../../state/greylist-contract.ts'
import { removeEntries } from '../../state/sqlite/greylist-access.ts'
import { greylistPath } from '../../wiring/node-paths.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withStateFile } from '../place/with-state-file.ts'

interface RemoveOptions extends NodePlace, GreylistFilter {
  /** Permits a command without a condition. */
  readonly all: boolean
  readonly now: number
  readonly json?: boolean
}

export function greylistRemove(options: RemoveOptions, io: Io): Promise<number> | number {
  const { network, sender, recipient, state, all, now } = options
  const filter = { network, sender, recipient, state }
  if (!all && Object.values(filter).every((one) => one === undefined)) {
    line(io.stderr, 'found no condition, expected --network, --sender, --recipient, --state or --all')
    return USAGE
  }
  return withStateFile(options, { io, pathOf: greylistPath }, (path) => {
    const removed = removeEntries(path, filter, now)
    if (options.json) json(io.stdout, { removed })
    else line(removed > 0 ? io.stdout : io.stderr, `${removed} ${removed === 1 ? 'entry' : 'entries'} removed`)
    return removed > 0 ? OK : FAILED
  })
}
