// Room handover: ends hand-overs that nobody finishes any more: each receiver is asked to call them off, so that what it did not take
// stays here and what it took is gone from here.

import type { TransferSourceQueue, PendingTransfer } from '../contract/queue-transfer.ts'
import type { Receiver } from './receiver.ts'

export interface AbortReport {
  /** Here again. */
  readonly stayed: number
  /** The receiver has them. */
  readonly moved: number
  /** Still frozen, by address and cause. */
  readonly unanswered: readonly { readonly address: string; readonly cause: string; readonly messages: number }[]
}

export interface AbortParts {
  readonly from: TransferSourceQueue
  /** The receiver at an address as `leave` wrote it; null: it is not asked, and may have them as well. */
  readonly receiver: ((address: string) => Receiver) | null
  readonly by: string
}

export async function abortPendingTransfers({ from, receiver, by }: AbortParts): Promise<AbortReport> {
  const all = from.pendingTransfers()
  if (receiver === null) {
    from.abortTransfers(all.map(({ token }) => token))
    return { stayed: all.length, moved: 0, unanswered: [] }
  }
  const counts = { stayed: 0, moved: 0 }
  const unanswered: { address: string; cause: string; messages: number }[] = []
  for (const [address, own] of Map.groupBy(all, (one) => one.address)) {
    const cause = await askAll(own, receiver(address), (one, is) => {
      counts[is === 'accepted' ? 'moved' : 'stayed']++
      if (is === 'accepted') from.commitTransfers([one.token], { name: address, by })
      else from.abortTransfers([one.token])
    })
    const open = new Set(from.pendingTransfers().map(({ token }) => token))
    const messages = own.filter(({ token }) => open.has(token)).length
    if (cause !== null) unanswered.push({ address, cause, messages })
  }
  return { ...counts, unanswered }
}

async function askAll(
  own: readonly PendingTransfer[],
  receiver: Receiver,
  answered: (one: PendingTransfer, is: 'accepted' | 'refused') => void,
): Promise<string | null> {
  for (const one of own) {
    const got = await receiver.refuse({ token: one.token, target: one.target })
    if (got.kind === 'trouble') return got.cause
    answered(one, got.value)
  }
  return null
}
