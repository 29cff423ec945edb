// Awaits a hook. An exception in a hook is a bug: the client gets 451 4.3.0 and the log gets the stack.

import type { Log } from '../lib/log.ts'
import type { Verdict } from '../policy/verdict.ts'
import type { Refusal } from '../smtp/reply.ts'
import { unforeseen } from '../smtp/reply.ts'

export type HookResult<T> =
  | { readonly kind: 'answer'; readonly answer: T }
  | { readonly kind: 'thrown'; readonly reply: Refusal }

/** The refusal of a hook that returns a verdict, or null if it accepted. */
export function refusalIn(result: HookResult<Verdict>): Refusal | null {
  if (result.kind === 'thrown') return result.reply
  return result.answer.kind === 'accept' ? null : result.answer.reply
}

export interface HookCall {
  /** The name of the hook, for the log. */
  readonly hook: string
  readonly session: string
  /** True if the hook has a reason to throw, such as an interrupted stream: then the exception is no bug. */
  readonly excused?: () => boolean
}

export async function callHook<T>(
  log: Pick<Log, 'bug'>,
  call: HookCall,
  run: () => Promise<T>,
): Promise<HookResult<T>> {
  try {
    return { kind: 'answer', answer: await run() }
  } catch (error) {
    if (!call.excused?.()) log.bug(error, `hook ${call.hook}`, { session: call.session })
    return { kind: 'thrown', reply: unforeseen(error) }
  }
}
