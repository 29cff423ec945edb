// The messages between the main thread and the store worker: plain data that structured clone copies cheaply. All octets of a batch are in
// one piece of memory, shared on the way in (octet-pool.ts) and transferred on the way out.

import type { Release } from '../../../lib/release-memory.ts'
import type { TlsResult } from '../../../smtp/tls-result.ts'
import type { DestinationSummary } from '../../contract/queue.ts'
import type { ControlAction, DestinationRequest } from '../../contract/queue-control.ts'
import type { QueueFilter } from '../../contract/recipient-filter.ts'
import type { ForgottenPart } from '../../../privacy/forget-events.ts'
import type { PersonNames } from '../../../privacy/person.ts'
import type { ReadResults, ReadStep } from '../store/read-steps.ts'
import type { TransferStepAnswers, TransferStep } from '../../transfer/transfer-step.ts'
import type { RetrySettings } from '../../scheduling/retry-schedule.ts'
import type { StorageFailure, UnavailableCause } from '../../contract/queue-unavailable.ts'

/** Tuples, not objects, for what exists once per message: structured clone copies the field names of every object. */
export type WireRecipient = readonly [
  address: string,
  original: string | null,
  reversePath: string | null,
  nextHop: string,
  isPrivate: 0 | 1,
  notify: number,
  orcpt: string | null,
  /** Absent: no. */
  expanded?: 1,
]

/** What `delivered` events say about a message (`DeliveredFacts`). */
export type WireDelivered = readonly [sender: string | null, arrivedAt: number, size: number]

/** A message to accept; its content (header, then an inline body) is in the batch's octets. */
export type WireMessage = readonly [
  queueId: string,
  arrivedAt: number,
  origin: string,
  sender: string | null,
  parameters: string | null,
  senderProven: 0 | 1,
  spoolFile: string | null,
  headerSize: number,
  bodySize: number,
  contentStart: number,
  contentEnd: number,
  recipients: readonly WireRecipient[],
  /** JSON array. */
  events: string,
  /** Ms; null: that of the queue. */
  lifetimeMs: number | null,
]

/** A hold from acceptance on. */
export interface WireHold {
  readonly by: string
  readonly reason: string
  readonly until: number
}

/** A message of several, and what else happens at its acceptance. */
export interface WireCopy {
  readonly message: WireMessage
  readonly returned: WireReturn | null
  readonly held: WireHold | null
}

/** Why the recipients of a message fail at its acceptance. */
export interface WireReturn {
  readonly status: string
  readonly reply: string
}

export type WireTls = readonly [
  level: TlsResult['level'],
  policy: string,
  protocol: TlsResult['protocol'],
  failure: TlsResult['failure'],
]

export type WireOutcome = readonly [
  id: number,
  kind: 'delivered' | 'deferred' | 'failed',
  scope: string | null,
  status: string,
  reply: string,
  host: string | null,
  tls: WireTls | null,
  dsnPassedOn: boolean,
  retryAt: number | null,
  /** Of smtp/reply-class.ts; absent: not known. */
  replyClass?: string | undefined,
  advice?: string | undefined,
]

/** Ledger entries of one queue id (or of none), as JSON arrays. */
export interface WireEvents {
  readonly at: number
  readonly queueId: string | null
  readonly events: string
}

/** One step of an operator's action; `act` covers a window of recipient row ids. */
export type ControlStep =
  | {
      readonly kind: 'act'
      readonly action: ControlAction
      readonly filter: QueueFilter
      readonly by: string
      readonly reason: string
      readonly after: number
      readonly now: number
    }
  | ({ readonly kind: 'suspend' | 'resume'; readonly now: number } & DestinationRequest)

export type ControlStepResult =
  /** `next`: where the next window begins, or null after the last one. */
  | { readonly kind: 'act'; readonly changed: number; readonly afterAttempt: number; readonly next: number | null }
  | { readonly kind: 'flag'; readonly changed: boolean }

export type Operation =
  | { readonly kind: 'accept'; readonly message: WireMessage; readonly claim: boolean; readonly now: number }
  | {
      readonly kind: 'accept-all'
      readonly messages: readonly WireCopy[]
      readonly claim: boolean
      readonly now: number
    }
  | { readonly kind: 'claim'; readonly nextHop: string; readonly limit: number; readonly now: number }
  | {
      readonly kind: 'settle'
      readonly queueId: string
      readonly message: WireDelivered | null
      readonly outcomes: readonly WireOutcome[]
      readonly now: number
    }
  | { readonly kind: 'release'; readonly recipients: readonly number[]; readonly now: number }
  | { readonly kind: 'notices'; readonly limit: number; readonly after: number; readonly now: number }
  | {
      readonly kind: 'notify'
      readonly recipients: readonly number[]
      readonly notice: number
      readonly reports: readonly WireMessage[]
      readonly events: readonly WireEvents[]
      readonly now: number
    }
  | { readonly kind: 'record'; readonly events: readonly WireEvents[] }
  | { readonly kind: 'purge'; readonly before: number; readonly after: number }
  /** Takes personal data out of entries older than `before`; `now`: later times cannot be right. */
  | { readonly kind: 'forget'; readonly part: ForgottenPart; readonly before: number; readonly now: number }
  /** Takes one person out of the entries of mail that has left. */
  | { readonly kind: 'erase'; readonly person: PersonNames; readonly after: number }
  /** Overwrites the unused pages of the database, some at a time. */
  | { readonly kind: 'overwrite'; readonly stage: 'begin' | 'fill' | 'empty' }
  | { readonly kind: 'expire'; readonly now: number; readonly after: number }
  | { readonly kind: 'end-holds'; readonly now: number }
  | { readonly kind: 'find-delayed'; readonly now: number; readonly after: number }
  | { readonly kind: 'control'; readonly step: ControlStep }
  | { readonly kind: 'read'; readonly step: ReadStep }
  | { readonly kind: 'transfer'; readonly step: TransferStep; readonly now: number }
  | { readonly kind: 'lost'; readonly queueId: string; readonly reason: string; readonly now: number }
  | { readonly kind: 'probe' }

/** A stored message; its content is in the reply's octets. */
export interface WireStored {
  readonly id: number
  readonly queueId: string
  readonly arrivedAt: number
  readonly expiresAt: number
  readonly origin: string
  readonly sender: string | null
  readonly parameters: string | null
  readonly senderProven: 0 | 1
  readonly spoolFile: string | null
  readonly headerSize: number
  readonly bodySize: number
  readonly contentStart: number
  readonly contentEnd: number
}

export interface WireClaimed {
  readonly id: number
  readonly attempt: number
  readonly notify: number
  readonly private: 0 | 1
  readonly address: string
  readonly original: string | null
  readonly orcpt: string | null
}

export interface WireClaim {
  readonly message: WireStored
  readonly reversePath: string | null
  readonly recipients: readonly WireClaimed[]
}

export interface WireNotice {
  readonly message: WireStored
  readonly notice: number
  readonly recipients: readonly (Omit<WireClaimed, 'attempt'> & {
    readonly nextHop: string
    readonly reversePath: string | null
    readonly expired: boolean
    readonly lastAt: number
    readonly status: string
    readonly reply: string
    readonly host: string | null
    readonly replyClass: string | null
  })[]
}

/** Row id of the first recipient (the others follow), and which ones are claimed, by position; a number alone: all or none, as requested. */
export type Accepted = number | { readonly first: number; readonly claimed: readonly boolean[] }

/** The result of each operation. */
export interface OperationResults {
  accept: Accepted
  /** One for each message. */
  'accept-all': readonly Accepted[]
  claim: readonly WireClaim[]
  /** Whether notices are due. */
  settle: boolean
  release: null
  notices: readonly WireNotice[]
  /** False if the notice was no longer due and nothing was done. */
  notify: boolean
  record: null
  /** Rows removed, and where the next step begins; null after the last step. */
  purge: { readonly removed: number; readonly next: number | null }
  /** Rows changed, and whether more are old enough. */
  forget: { readonly changed: number; readonly more: boolean }
  /** Rows changed, and where the next step begins; null after the last step. */
  erase: { readonly changed: number; readonly next: number | null }
  /** The next stage; null after the last step. */
  overwrite: 'fill' | 'empty' | null
  expire: { readonly expired: number; readonly next: number | null }
  'end-holds': { readonly ended: number; readonly more: boolean }
  /** Recipients found delayed, the last message that was checked, and whether more can be checked now. */
  'find-delayed': { readonly late: number; readonly upTo: number; readonly more: boolean }
  control: ControlStepResult
  read: ReadResults[ReadStep['kind']]
  transfer: TransferStepAnswers[TransferStep['kind']]
  lost: { readonly held: number }
  probe: null
}

export type OperationKind = Operation['kind']

/** Why an operation has no result. */
export type Failure =
  | { readonly kind: 'unavailable'; readonly cause: UnavailableCause; readonly message: string }
  /** The operation itself is wrong (a second message with the same queue ID): a bug of the caller. */
  | { readonly kind: 'wrong'; readonly message: string }

export interface OperationOutcomes {
  /** By position of the operation; undefined if it failed. */
  readonly values: readonly (OperationResults[OperationKind] | undefined)[]
  readonly failures: readonly (readonly [place: number, failure: Failure])[]
}

export interface Batch {
  readonly kind: 'batch'
  readonly id: number
  readonly operations: readonly Operation[]
  readonly octets: Uint8Array | null
}

export type WorkerRequest = Batch | Release | { readonly kind: 'close' }

export type WorkerReport =
  | {
      readonly kind: 'ready'
      readonly recovered: number
      readonly waiting: number
      readonly destinations: readonly DestinationSummary[]
      readonly spool: readonly SpoolOwner[]
    }
  | { readonly kind: 'refused'; readonly cause: UnavailableCause | null; readonly message: string }
  | ({ readonly kind: 'news' } & CommitNews)
  | { readonly kind: 'closed' }

export interface BatchOutcomes extends OperationOutcomes {
  readonly id: number
}

/** What changed with a commit. */
export interface CommitNews {
  /** Outcomes of the batches that shared the commit. */
  readonly batches: readonly BatchOutcomes[]
  /** The octets of all these outcomes. */
  readonly octets: Uint8Array | null
  readonly waiting: number
  readonly changed: readonly DestinationSummary[]
  /** Spool files whose message was removed. */
  readonly freed: readonly string[]
  /** Committed ledger entries, JSON arrays of events; without those that the main thread publishes itself. */
  readonly ledger: readonly string[]
  /** Why the engine cannot write now, or null. */
  readonly failing: StorageFailure | null
}

export interface SpoolOwner {
  readonly queueId: string
  readonly file: string
  readonly size: number
}

/** Given to the worker when it starts. */
export interface WorkerSettings {
  readonly directory: string
  /** Free octets below which the node takes no new mail. */
  readonly reserveBytes: number
  readonly retry: RetrySettings
  readonly now: number
}
