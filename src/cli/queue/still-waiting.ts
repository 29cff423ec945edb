// What still stops recipients after `release` or `retry` made them due: a hold, a suspension, their destination, or the node.

import { effectOf } from '../../queue/contract/control-effect.ts'
import type { Hold, ListedRecipient, QueueReader } from '../../queue/contract/queue-reader.ts'
import type { QueueFilter } from '../../queue/contract/recipient-filter.ts'
import { type Wait, whyWaiting, type NodeWaits } from '../../queue/scheduling/why-waiting.ts'

/** One cause, and how many recipients it stops. */
export interface StillWaiting {
  readonly reason: Wait['reason']
  readonly until: number | null
  readonly by: Hold | null
  readonly recipients: number
  readonly text: string
}

/** Looks at the recipients before the action: afterwards the filter may not find them, for example `--state held`. */
export async function stillWaiting(
  reader: Pick<QueueReader, 'list'>,
  request: { readonly action: 'release' | 'retry'; readonly filter: QueueFilter },
  view: { readonly node: NodeWaits; readonly now: number },
): Promise<StillWaiting[]> {
  const { action, filter } = request
  const node = action === 'retry' ? afterRetry(view.node) : view.node
  const found = new Map<string, StillWaiting>()
  for await (const { recipients } of reader.list(filter))
    for (const recipient of recipients) {
      const isChanged = effectOf(action, recipient.state) === 'change'
      const after = isChanged ? dueNow(recipient, view.now) : recipient
      const wait = whyWaiting(after, node, view.now)
      // An operator may release mail that a suspension stops: say so of mail that the action does not change.
      if (wait === null || wait.reason === 'due' || (!isChanged && !wait.by)) continue
      const text = wait.reason === 'stopped' ? `${wait.text}: ${node.stopped}` : wait.text
      found.set(text, { ...wait, text, recipients: (found.get(text)?.recipients ?? 0) + 1 })
    }
  return [...found.values()]
}

/** The recipient as the action leaves it. */
function dueNow(recipient: ListedRecipient, now: number): ListedRecipient {
  return { ...recipient, state: recipient.attempts > 0 ? 'deferred' : 'queued', hold: null, nextAttemptAt: now }
}

/** A retry ends pauses of its destination; what is left are limits on simultaneous deliveries. */
function afterRetry({ stopped, destinations }: NodeWaits): NodeWaits {
  const left = [...destinations].filter(([, { until }]) => until === null)
  return { stopped, destinations: new Map(left) }
}
