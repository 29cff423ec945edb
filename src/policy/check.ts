// The contract of checks that need the whole mail. Each looks at the same facts and answers findings; intake runs them in the
// order of the role file, stops at the first refusal and merges what the others found.

import type { Event } from '../observe/events.ts'
import type { Content } from '../message/content.ts'
import type { Field } from '../message/header.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Session } from '../smtp/session.ts'
import type { Verdict } from './verdict.ts'

/** A mail that is wholly here, before any edit. */
export interface Mail {
  readonly queueId: string
  readonly session: Session | null
  readonly origin: Origin
  readonly sender: string | null
  /** The forward-paths as given. */
  readonly recipients: readonly string[]
  readonly content: Content
  readonly fields: readonly Field[]
  /** Unix milliseconds of its end of data. */
  readonly at: number
}

export interface Finding {
  readonly verdict: Verdict
  /** What this check learnt about the origin class (what a peer vouches for). */
  readonly origin?: Origin
  /** True if somebody proved that the sender is real: only then may a DSN be sent to him. */
  readonly senderProven?: boolean
  /** Value of an Authentication-Results field to add; forged fields with our identity are then removed. Those of several checks become one. */
  readonly results?: string
  /** Other fields of ours. */
  readonly fields?: FieldEdit
  readonly events?: readonly Event[]
}

/** Whole fields out, whole fields in below our trace fields. */
export interface FieldEdit {
  /** Names in lower case. */
  readonly remove: readonly string[]
  readonly add: Buffer
}

export type ContentCheck = (mail: Mail) => Promise<Finding>
