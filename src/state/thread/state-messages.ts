// What the node and the thread of its state say to each other.

import type { Release } from '../../lib/release-memory.ts'
import type { AccountTable } from '../sqlite/account-table.ts'
import type { BanTable } from '../sqlite/ban-table.ts'
import type { GreylistTable } from '../sqlite/greylist-table.ts'
import type { PolicyTable } from '../sqlite/policy-table.ts'
import type { HookTable } from '../sqlite/sqlite-hooks.ts'
import type { TlsResultTable } from '../sqlite/tls-result-table.ts'

/** The operations of each kind of file. They are synchronous in the thread, and atomic. */
export interface StateTables {
  readonly accounts: AccountTable
  readonly bans: BanTable
  readonly greylist: GreylistTable
  readonly policies: PolicyTable
  readonly 'tls-results': TlsResultTable
  readonly webhooks: HookTable
}

export type StateKind = keyof StateTables

/** A file, and what its table is made with. */
export type StateSpec = { readonly path: string } & (
  | { readonly kind: 'accounts' | 'webhooks' }
  | { readonly kind: 'bans' | 'policies'; readonly capacity: number }
  | { readonly kind: 'greylist' | 'tls-results'; readonly capacity: number; readonly share: number }
)

/** `file`: a number that the node gives it. A file is opened before its first operation. */
export type StateRequest =
  | { readonly kind: 'open'; readonly file: number; readonly spec: StateSpec }
  | { readonly kind: 'run'; readonly file: number; readonly operation: string; readonly args: readonly unknown[] }
  | { readonly kind: 'close'; readonly file: number }

/** A damaged file that was moved away. */
export interface SetAside {
  readonly path: string
  readonly cause: string
}

export interface StateAnswers {
  /** By position of the request; null for one that failed, and for `open` and `close`. */
  readonly values: readonly unknown[]
  readonly failures: readonly (readonly [place: number, cause: string])[]
  readonly setAside: readonly (readonly [file: number, aside: SetAside])[]
}

export type ToStateThread =
  | { readonly kind: 'batch'; readonly id: number; readonly requests: readonly StateRequest[] }
  | Release
  | { readonly kind: 'end' }

export type FromStateThread = StateAnswers & { readonly id: number }

/** The answer to one request. */
export type StateOutcome =
  | { readonly kind: 'done'; readonly value: unknown }
  /** Nothing has changed, or, after a loss of the thread, it is not known whether it has. */
  | { readonly kind: 'failed'; readonly cause: string }

/** Where files of state are asked. */
export interface StateChannel {
  /** Makes a file known; it is opened by the next request, and after that again whenever the thread was lost. */
  add(spec: StateSpec, setAside: (file: SetAside) => void): number
  /** Operations of one file run in the order of their requests. Never rejects, and ends at a deadline. */
  ask(file: number, operation: string, args: readonly unknown[]): Promise<StateOutcome>
  /** Closes the file when what was asked before is done. */
  remove(file: number): Promise<void>
}
