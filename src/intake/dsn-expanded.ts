// DSNs for aliases with several members, where the sender requested NOTIFY=SUCCESS (RFC 3461 5.2.7.3): one `expanded` DSN for the alias. The
// members send no success DSNs, which would disclose their addresses.

import type { NewRecipient } from '../queue/contract/queue.ts'
import type { Notify, RecipientParameters } from '../smtp/envelope.ts'
import type { DraftRecipient } from './intake.ts'

/** Null if the sender did not request it or the alias has fewer than two members. */
export function expansionOf({ forwardPath, parameters, resolution }: DraftRecipient): {
  /** A recipient that is stored only for the DSN. */
  readonly reported: NewRecipient
  /** For the members. */
  readonly parameters: RecipientParameters
} | null {
  if (resolution.kind !== 'destinations' || resolution.destinations.length < 2) return null
  if (!parameters.notify.includes('SUCCESS')) return null
  const others = parameters.notify.filter((word) => word !== 'SUCCESS')
  const notify: readonly Notify[] = others.length > 0 ? others : ['NEVER']
  return {
    reported: {
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
