// The queue follows the holds of accounts: mail of an account on hold stops, mail of a released one continues. A hold is on disk before the
// queue knows it, so that a kill between the two loses nothing.

import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { AccountHeldEvent, AccountReleasedEvent } from '../observe/events.ts'
import { originOfName } from '../policy/account-name.ts'
import type { ControlRequest, QueueControl } from '../queue/contract/queue-control.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { QueueFilter } from '../queue/contract/recipient-filter.ts'
import type { NodeAccounts } from '../state/account-store.ts'
import { holdMark } from '../state/brake-contract.ts'
import type { HoldRow } from '../state/sqlite/hold-rows.ts'

export interface AccountHolds {
  /** Follows the holds that stand already. Await it before anything is delivered. */
  start(): Promise<void>
  /** A hold was made: follow it now. */
  due(): void
  close(): void
}

export interface AccountHoldPorts {
  readonly accounts: Pick<NodeAccounts, 'news' | 'reported' | 'unfinished' | 'advance'>
  readonly queue: Pick<QueueControl, 'control'> & Pick<Queue, 'record'>
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
}

/** How soon the node follows a command. */
const FOLLOW_MS = 1000
/** Messages that were judged before a hold can be committed after it: the queue is asked again after this time. */
const AGAIN_MS = 10_000

export function followAccountHolds({ accounts, queue, clock, log }: AccountHoldPorts): AccountHolds {
  let running: Promise<void> | null = null
  let isDue = false
  const follow = async () => {
    // They stay news until the ledger has them: a lost answer or a kill may repeat an event and loses none.
    const news = await accounts.news()
    if (news.length > 0) {
      await queue.record(news.map((row) => eventOf(row)))
      await accounts.reported(news)
    }
    for (const row of await accounts.unfinished(1)) {
      await applyHold(queue, row)
      await accounts.advance(row, 1)
    }
    for (const row of await accounts.unfinished(2)) {
      if (clock.now() - (row.endedAt ?? row.at) < AGAIN_MS) continue
      if (row.endedAt === null) await applyHold(queue, row)
      await accounts.advance(row, 2)
    }
  }
  const run = async (): Promise<void> => {
    try {
      await follow()
    } catch (error) {
      log.warn({ cause: errorText(error) }, 'the queue does not follow the holds of accounts yet')
    }
    running = null
    if (isDue) due()
  }
  const due = () => {
    isDue = running !== null
    running ??= run()
  }
  const timer = clock.every(FOLLOW_MS, due)
  return {
    start: async () => {
      due()
      await running
    },
    due,
    close: () => timer.cancel(),
  }
}

async function applyHold(queue: Pick<QueueControl, 'control'>, row: HoldRow): Promise<void> {
  const { account, reason, evidence, endedBy, endReason } = row
  const filter = filterOf(account)
  const mark = holdMark(account)
  if (row.endedAt === null) {
    const text = [reason, evidence].filter((one) => one !== '').join('; ')
    await queue.control({ action: 'hold', filter, by: row.by, reason: text === '' ? mark : `${mark}: ${text}` })
    return
  }
  const release = (only: QueueFilter): ControlRequest => ({
    action: 'release',
    filter: { ...filter, ...only },
    by: endedBy,
    reason: endReason,
  })
  await queue.control(release({ states: ['held'], holdReason: mark }))
  // A hold that waits for the end of an attempt has no reason yet.
  await queue.control(release({ states: ['claimed'] }))
}

/** The queued mail of an account, or of an app password. */
export function filterOf(account: string): QueueFilter {
  const { kind, identity, app } = originOfName(account)
  return { originKind: kind, identity, ...(app === null ? {} : { app }) }
}

function eventOf(row: HoldRow): AccountHeldEvent | AccountReleasedEvent {
  const { account, at, by, reason, evidence, endedAt, endedBy, endReason } = row
  if (endedAt === null) return { kind: 'account-held', at, queueId: null, account, by, reason, evidence }
  return { kind: 'account-released', at: endedAt, queueId: null, account, by: endedBy, reason: endReason }
}
