// The steps of a transfer as operations of the store, as plain data.

import type { TransferAnswer } from '../contract/queue-transfer.ts'
import type { TransferRow } from '../sqlite/store/statements/transfer-rows.ts'

/** A message from another queue; its content (header, then the inline body) is in the batch's octets. */
export interface WireTransfer {
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
  readonly recipients: readonly TransferRow[]
  /** JSON arrays of events. */
  readonly history: readonly { readonly at: number; readonly events: string }[]
}

export type TransferStep =
  | { readonly kind: 'identity' }
  | { readonly kind: 'accept'; readonly token: string; readonly from: string; readonly message: WireTransfer }
  | { readonly kind: 'refuse'; readonly token: string }
  | {
      readonly kind: 'begin'
      readonly target: string
      readonly address: string
      readonly tokens: readonly string[]
      readonly after: number
    }
  | { readonly kind: 'commit'; readonly tokens: readonly string[]; readonly to: string; readonly by: string }
  | { readonly kind: 'abort'; readonly tokens: readonly string[] }

/** The result of each step. */
export interface TransferStepAnswers {
  identity: string
  accept: TransferAnswer
  refuse: 'accepted' | 'refused'
  /** Row ids of the messages frozen, in the order of their tokens. */
  begin: readonly number[]
  commit: null
  abort: null
}
