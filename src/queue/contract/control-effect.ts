// What an operator's action does to a recipient in a given state, as data: the operation, the dry run and docs/explanation/queue.md agree.

import type { ControlAction } from './queue-control.ts'
import { isWaiting, type RecipientState } from './states.ts'

/**
 * `pending`: the attempt of the recipient is running; the action is applied when it ends without a final outcome. A release cancels the
 * pending action.
 */
export type ControlEffect = 'change' | 'pending' | 'nothing'

export function effectOf(action: ControlAction, state: RecipientState): ControlEffect {
  if (state === 'claimed') return action === 'retry' ? 'nothing' : 'pending'
  if (state !== 'held' && !isWaiting(state)) return 'nothing'
  const onlyWaiting = action === 'hold' || action === 'retry'
  const fits = state === 'held' ? !onlyWaiting : action !== 'release'
  return fits ? 'change' : 'nothing'
}
