// Ends transfers that an earlier run left pending: each target is asked to refuse them. A message that the target accepted is deleted here; any
// other one returns to this queue.

import type { TransferSourceQueue, PendingTransfer } from '../contract/queue-transfer.ts'
import type { Receiver } from './receiver.ts'

export interface AbortReport {
  /** Messages that returned to this queue. */
  readonly remaining: number
  /** Messages that the target accepted. */
  readonly moved: number
  /** Still frozen, by address and cause. */
  readonly unanswered: readonly { readonly address: string; readonly cause: string; readonly messages: number }[]
}

export interface AbortParts {
  readonly from: TransferSourceQueue
  /** The receiver at the address of a pending transfer; null: it is not asked, and may have the message too. */
  readonly receiver: ((address: string) => Receiver) | null
  readonly by: string
}

export async function abortPendingTransfers({ from, receiver, by }: AbortParts): Promise<AbortReport> {
  const all = from.pendingTransfers()
  if (receiver === null) {
    from.abortTransfers(all.map(({ token }) => token))
    return { remaining: all.length, moved: 0, unanswered: [] }
  }
  const counts = { remaining: 0, moved: 0 }
  const unanswered: { address: string; cause: string; messages: number }[] = []
  for (const [address, own] of Map.groupBy(all, (one) => one.address)) {
    const cause = await refuseAll(own, receiver(address), (one, is) => {
      counts[is === 'accepted' ? 'moved' : 'remaining']++
      if (is === 'accepted') from.commitTransfers([one.token], { name: address, by })
      else from.abortTransfers([one.token])
    })
    const open = new Set(from.pendingTransfers().map(({ token }) => token))
    const messages = own.filter(({ token }) => open.has(token)).length
    if (cause !== null) unanswered.push({ address, cause, messages })
  }
  return { ...counts, unanswered }
}

async function refuseAll(
  own: readonly PendingTransfer[],
  receiver: Receiver,
  onAnswer: (one: PendingTransfer, is: 'accepted' | 'refused') => void,
): Promise<string | null> {
  for (const one of own) {
    const got = await receiver.refuse({ token: one.token, target: one.target })
    if (got.kind === 'error') return got.cause
    onAnswer(one, got.value)
  }
  return null
}
