// The queue of a running node: the contract, control, transfers from other nodes, and what the node has to know about the engine.

import type { Event } from '../../observe/events.ts'
import type { QueueControl } from './queue-control.ts'
import type { QueueReader } from './queue-reader.ts'
import type { TransferTargetQueue } from './queue-transfer.ts'
import type { Queue } from './queue.ts'

/** What the queue repaired when it opened; the node logs it. */
export interface OpenReport {
  /** Recipients whose attempt a crash interrupted. */
  readonly recovered: number
  readonly orphansRemoved: number
  readonly lost: readonly { readonly queueId: string; readonly reason: string }[]
}

export interface OpenQueue extends Queue, QueueControl, TransferTargetQueue {
  readonly opened: OpenReport
  readonly reader: QueueReader
  /** Expires waiting recipients whose lifetime is over, and fails those whose quarantine is. Runs every minute. Returns how many. */
  expireOverdue(): Promise<number>
  /** Marks recipients whose delay is due to be reported. Runs every minute. Returns how many. */
  findDelayed(): Promise<number>
  /** Calls back if the engine ends without `close`: nothing can be recorded any more. */
  onFatal(listener: (cause: string) => void): void
  /** Calls back with the ledger events of every commit, for log and metrics. Another process's events arrive within a second. */
  subscribe(listener: (events: readonly Event[]) => void): void
}
