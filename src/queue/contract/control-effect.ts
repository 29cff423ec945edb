// Room queue: what an action of a person means to a recipient in a given state, as data: the operation, the dry run and the documentation
// say the same.

import type { ControlAction } from './queue-control.ts'
import { isWaiting, type RecipientState } from './states.ts'

/**
 * `wish`: the recipient is under way, the action takes effect when its attempt ends without a final outcome. A release takes back the wish
 * that is there, if one is.
 */
export type ControlEffect = 'change' | 'pending' | 'nothing'

/** What the action does to a recipient in that state. */
export function effectOf(action: ControlAction, state: RecipientState): ControlEffect {
  if (state === 'claimed') return action === 'retry' ? 'nothing' : 'pending'
  if (state !== 'held' && !isWaiting(state)) return 'nothing'
  const onlyWaiting = action === 'hold' || action === 'retry'
  const fits = state === 'held' ? !onlyWaiting : action !== 'release'
  return fits ? 'change' : 'nothing'
}
