// What a target gets for an event: the event, the sentence that describes it, and an identity by which the target knows repetitions.

import { createHash } from 'node:crypto'
import { describeEvent } from '../observe/describe-event.ts'
import type { Event } from '../observe/events.ts'
import type { Privacy } from '../privacy/treatment.ts'

export interface HookBody {
  readonly key: string
  readonly body: string
}

/** Octets of the identity. */
const KEY_BYTES = 16

/** @param node name of this node; `privacy`: what the target may know */
export function hookBody(event: Event, node: string, privacy: Pick<Privacy, 'event'>): HookBody {
  const key = createHash('sha256')
    .update(JSON.stringify(event))
    .digest('hex')
    .slice(0, 2 * KEY_BYTES)
  const treated = privacy.event(event)
  return { key, body: JSON.stringify({ id: key, node, text: describeEvent(treated), event: treated }) }
}
