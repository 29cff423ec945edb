// The states of an entry. A clock that was set back must neither make a wait endless nor keep an entry for ever.
//
// | state | from | to |
// |---|---|---|
// | waiting | first attempt | due, after the delay |
// | due | waiting | allowed, by an attempt; lost, after the window |
// | allowed | due | expired, without use for the time of `allowFor` |
// | lost, expired | | removed, or waiting again by an attempt |

import type { GreylistRules, GreylistState } from './greylist-contract.ts'

export interface EntryTimes {
  readonly firstAt: number
  readonly passedAt: number | null
  readonly usedAt: number
}

export function stateOf({ firstAt, passedAt, usedAt }: EntryTimes, rules: GreylistRules, at: number): GreylistState {
  if (passedAt !== null) return at - usedAt <= rules.allowFor ? 'allowed' : 'expired'
  const waited = at - firstAt
  if (waited > rules.window) return 'lost'
  return waited >= rules.delay ? 'due' : 'waiting'
}

/** A time of an entry that is after `at` was written before the clock was set back: it counts as `at`. */
export function notAfter(time: number, at: number): number {
  return Math.min(time, at)
}
