// waypost queue hold, release, retry, bounce, remove: an action on every recipient that the filter matches, of a running or stopped node.
// With --dry-run it prints the recipients. Exit code 1 if no recipient matches.

import type { ControlAction, ControlResult } from '../../queue/contract/queue-control.ts'
import { effectOf } from '../../queue/contract/control-effect.ts'
import { commandClock } from '../../lib/clock.ts'
import { openQueueReader } from '../../queue/sqlite/direct-access.ts'
import type { QueueFilter } from '../../queue/contract/recipient-filter.ts'
import type { ListedMessage, ListedRecipient, QueueReader } from '../../queue/contract/queue-reader.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { type FilterOptions, readFilter } from './queue-filter.ts'
import type { NodePlace } from '../place/node-place.ts'
import { readNodeWaits } from './node-waits.ts'
import { type StillWaiting, stillWaiting } from './still-waiting.ts'
import { withQueueControl, withQueueReader } from './with-queue.ts'

export interface QueueActionOptions extends NodePlace {
  readonly action: ControlAction
  readonly queueIds: readonly string[]
  readonly filter: FilterOptions
  /** Permits a filter without conditions. */
  readonly all: boolean
  readonly reason: string
  readonly by: string
  readonly dryRun: boolean
  readonly json: boolean
  readonly now: number
}

/** The reason in the DSN if the operator gives none. */
const BOUNCE_REASON = 'the operator of this system returned the message'

export function queueAction(options: QueueActionOptions, io: Io): Promise<number> | number {
  const read = readFilter(options.queueIds, options.filter, options.now)
  const problem =
    read.kind === 'bad' ? read.problem : read.isEverything && !options.all ? missingCondition(options) : null
  if (problem !== null || read.kind === 'bad') {
    line(io.stderr, problem ?? '')
    return USAGE
  }
  if (options.dryRun) return preview(options, read.filter, io)
  return withQueueControl(options, io, async (control, directory) => {
    const { action, by } = options
    const reason = options.reason || (action === 'bounce' ? BOUNCE_REASON : '')
    const still = await findStillWaiting(options, read.filter, directory)
    return printResult(options, { ...(await control.control({ action, filter: read.filter, by, reason })), still }, io)
  })
}

/** Null for an action that does not make mail due. */
async function findStillWaiting(
  { action, now }: QueueActionOptions,
  filter: QueueFilter,
  directory: string,
): Promise<StillWaiting[] | null> {
  if (action !== 'release' && action !== 'retry') return null
  const reader = openQueueReader(directory, commandClock)
  try {
    return await stillWaiting(reader, { action, filter }, { node: await readNodeWaits(directory), now })
  } finally {
    reader.close()
  }
}

function missingCondition({ action }: QueueActionOptions): string {
  return `found no condition, expected queue IDs or an option such as --recipient, or --all to ${action} everything`
}

function preview(options: QueueActionOptions, filter: QueueFilter, io: Io): Promise<number> | number {
  return withQueueReader(options, io, async (reader, directory) => {
    const count = { changed: 0, afterAttempt: 0, still: await findStillWaiting(options, filter, directory) }
    const touched: ListedMessage[] = []
    for await (const message of affected(reader, options.action, filter)) {
      for (const { state } of message.recipients)
        count[effectOf(options.action, state) === 'pending' ? 'afterAttempt' : 'changed']++
      if (options.json) touched.push(message)
      else for (const text of touchedLines(message)) line(io.stdout, text)
    }
    return printResult(options, count, io, touched)
  })
}

/** Matching messages, each with the recipients that the action would change. */
async function* affected(
  reader: QueueReader,
  action: ControlAction,
  filter: QueueFilter,
): AsyncGenerator<ListedMessage> {
  for await (const message of reader.list(filter)) {
    const recipients = message.recipients.filter((one) => isAffected(action, one))
    if (recipients.length > 0) yield { ...message, recipients }
  }
}

/** In a running attempt, a release only cancels a pending action. */
function isAffected(action: ControlAction, { state, pendingAction }: ListedRecipient): boolean {
  const effect = effectOf(action, state)
  return effect === 'change' || (effect === 'pending' && (action !== 'release' || pendingAction !== null))
}

function touchedLines({ queueId, sender, recipients }: ListedMessage): string[] {
  return recipients.map(
    ({ address, state, nextHop }) => `${queueId}  <${sender ?? ''}> ${address}  ${state}, next hop ${nextHop}`,
  )
}

const doneWords: Record<ControlAction, string> = {
  hold: 'held',
  release: 'released',
  retry: 'due now',
  bounce: 'bounced',
  remove: 'removed',
}

function printResult(options: QueueActionOptions, result: Result, io: Io, touched?: readonly ListedMessage[]): number {
  const { action, dryRun } = options
  const { changed, afterAttempt, still } = result
  const none = changed + afterAttempt === 0
  if (options.json)
    json(io.stdout, {
      action,
      dryRun,
      changed,
      afterAttempt,
      ...stillJson(still),
      ...(touched ? { messages: touched } : {}),
    })
  else if (none) line(io.stderr, `no recipient to ${action}`)
  else {
    line(io.stdout, `${recipientCount(changed)} ${dryRun ? 'would be ' : ''}${doneWords[action]}`)
    if (afterAttempt > 0) line(io.stdout, `${recipientCount(afterAttempt)} in a running attempt: ${afterwards(action)}`)
  }
  const to = none ? io.stderr : io.stdout
  if (!options.json) for (const { recipients, text } of still ?? []) line(to, stillText(recipients, text))
  return none ? FAILED : OK
}

interface Result extends ControlResult {
  /** What still stops recipients; null for an action that does not make them due. */
  readonly still: readonly StillWaiting[] | null
}

function stillJson(still: Result['still']): object {
  if (!still) return {}
  return { stillWaiting: still.map(({ reason, until, by, recipients }) => ({ reason, until, by, recipients })) }
}

function stillText(recipients: number, text: string): string {
  return `${recipientCount(recipients)} still ${recipients === 1 ? 'waits' : 'wait'}: ${text}`
}

function afterwards(action: ControlAction): string {
  return action === 'release' ? 'the pending action is cancelled' : 'the action follows if the attempt does not deliver'
}

function recipientCount(count: number): string {
  return `${count} ${count === 1 ? 'recipient' : 'recipients'}`
}
