// Addresses that stand for several others, where a sender asked to hear of success (RFC 3461 5.2.7.3): by choice he is told once that the
// address is reached, and the members report no success of their own, which would tell him who they are.

import type { NewRecipient } from '../queue/contract/queue.ts'
import type { Notify, RecipientParameters } from '../smtp/envelope.ts'
import type { DraftRecipient } from './intake.ts'

/** Null where nobody asked or the address stands for one other at most. */
export function expansionOf({ forwardPath, parameters, resolution }: DraftRecipient): {
  /** Goes into the queue only to be reported. */
  readonly reached: NewRecipient
  /** For the members. */
  readonly parameters: RecipientParameters
} | null {
  if (resolution.kind !== 'destinations' || resolution.destinations.length < 2) return null
  if (!parameters.notify.includes('SUCCESS')) return null
  const left = parameters.notify.filter((word) => word !== 'SUCCESS')
  const notify: readonly Notify[] = left.length > 0 ? left : ['NEVER']
  return {
    reached: {
      address: forwardPath,
      original: forwardPath,
      reversePath: null,
      nextHop: '',
      private: false,
      parameters,
      expanded: true,
    },
    parameters: { ...parameters, notify },
  }
}
