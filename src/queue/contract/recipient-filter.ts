// Which recipients an operator selects: one filter for listing and for control. All given conditions must hold.

import type { RecipientState } from './states.ts'

export interface QueueFilter {
  readonly queueIds?: readonly string[]
  /** Reverse-path as received; `*` stands for any text, `<>` for the null sender. */
  readonly sender?: string
  /** Final or original address; `*` stands for any text. */
  readonly recipient?: string
  /** Next hop as written (`mx:example.net`); `*` stands for any text. */
  readonly destination?: string
  readonly states?: readonly RecipientState[]
  /** Arrived before this, unix ms. */
  readonly arrivedBefore?: number
  /** Identity of the origin (user or machine name). */
  readonly identity?: string
  /** Kind of that origin: a user and a machine can have the same name. */
  readonly originKind?: 'user' | 'machine'
  /** Label of the app password with which the message was submitted. */
  readonly app?: string
  /** Start of the reason of the hold. */
  readonly holdReason?: string
  /** A part of the last reply, any case. */
  readonly reply?: string
}

/** A filter as SQL: conditions over `r` (recipients) and `m` (messages), with their values in order. */
export interface FilterSql {
  readonly where: string
  readonly values: readonly (string | number)[]
}
