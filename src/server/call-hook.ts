// The one place where a hook is awaited. A hook that throws is a bug of ours: the client gets 451 4.3.0 and the log gets the stack.

import type { Refusal } from '../smtp/reply.ts'
import { unforeseen } from '../smtp/reply.ts'
import type { ServerLog } from './server-log.ts'

export type Asked<T> =
  | { readonly kind: 'answer'; readonly answer: T }
  | { readonly kind: 'thrown'; readonly reply: Refusal }

export interface AskedAt {
  /** Names the hook in the log. */
  readonly where: string
  readonly session: string
  /** True if the hook was given a reason to throw (its stream was interrupted): then it is no bug. */
  readonly excused?: () => boolean
}

/** Runs a hook. */
export async function ask<T>(log: ServerLog, at: AskedAt, hook: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { kind: 'answer', answer: await hook() }
  } catch (error) {
    if (!at.excused?.()) log.bug(at.where, error, { session: at.session })
    return { kind: 'thrown', reply: unforeseen(error) }
  }
}
