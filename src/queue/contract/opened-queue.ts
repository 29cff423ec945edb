// Room queue: the embedded engine as its node sees it: the contract, its steering, and news for the scheduler.

import type { Event } from '../../observe/events.ts'
import type { QueueControl } from './queue-control.ts'
import type { QueueReader } from './queue-reader.ts'
import type { TransferTargetQueue } from './queue-transfer.ts'
import type { Queue } from './queue.ts'

/** What the opening found; the node logs it. */
export interface OpenReport {
  /** Recipients whose attempt was cut short by a crash. */
  readonly recovered: number
  readonly orphansRemoved: number
  readonly lost: readonly { readonly queueId: string; readonly reason: string }[]
}

/** The embedded engine: the contract, its steering, and news of destinations for the scheduler. */
export interface OpenQueue extends Queue, QueueControl, TransferTargetQueue {
  readonly opened: OpenReport
  readonly reader: QueueReader
  /** Ends recipients whose lifetime passed although they could not be attempted; runs by itself every minute. Returns how many. */
  expireOverdue(): Promise<number>
  /** Marks recipients that are late and were not attempted since, where senders are told of delays; runs by itself with `expire`. Returns how many. */
  findDelayed(): Promise<number>
  /** Calls back if the engine ends although nobody closed it: nothing can be recorded any more. */
  onFatal(listener: (cause: string) => void): void
  /** Calls back with every ledger entry after its commit: for log and metrics. */
  subscribe(listener: (events: readonly Event[]) => void): void
}
