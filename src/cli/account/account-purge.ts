// waypost account purge: deletes the queued mail of an account, of a running or stopped node. Put the account on hold before, so that no new
// mail of it leaves.

import { filterOf } from '../../node/account-holds.ts'
import type { AccountName } from '../../state/usage-contract.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withQueueControl, withQueueReader } from '../queue/with-queue.ts'

interface PurgeOptions extends NodePlace {
  readonly account: AccountName
  readonly dryRun: boolean
  readonly by: string
  readonly reason: string
  readonly json: boolean
}

export function accountPurge(options: PurgeOptions, io: Io): Promise<number> | number {
  const { account, by, reason, dryRun } = options
  const filter = filterOf(account)
  if (dryRun)
    return withQueueReader(options, io, async (reader) => {
      let count = 0
      for await (const { queueId, recipients } of reader.list(filter)) {
        count += recipients.length
        if (!options.json)
          for (const { address, state } of recipients) line(io.stdout, `${queueId}  ${address}  ${state}`)
      }
      return printed(options, { changed: count, afterAttempt: 0 }, io)
    })
  return withQueueControl(options, io, async (control) =>
    printed(
      options,
      await control.control({ action: 'remove', filter, by, reason: reason || `purge of ${account}` }),
      io,
    ),
  )
}

function printed(
  { account, dryRun, ...options }: PurgeOptions,
  { changed, afterAttempt }: { readonly changed: number; readonly afterAttempt: number },
  io: Io,
): number {
  const none = changed + afterAttempt === 0
  if (options.json) json(io.stdout, { account, dryRun, changed, afterAttempt })
  else if (none) line(io.stderr, `nothing of ${account} is queued`)
  else {
    line(io.stdout, `${changed} ${changed === 1 ? 'recipient' : 'recipients'} ${dryRun ? 'would be ' : ''}removed`)
    if (afterAttempt > 0)
      line(io.stdout, `${afterAttempt} in a running attempt: the removal follows if the attempt does not deliver`)
  }
  return none ? FAILED : OK
}
