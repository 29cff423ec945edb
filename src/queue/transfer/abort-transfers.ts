// Room handover: ends hand-overs that nobody finishes any more: each receiver is asked to call them off, so that what it did not take
// stays here and what it took is gone from here.

import type { DepartingQueue, Leaving } from '../contract/queue-transfer.ts'
import type { Receiver } from './receiver.ts'

export interface TakeBackReport {
  /** Here again. */
  readonly stayed: number
  /** The receiver has them. */
  readonly moved: number
  /** Still frozen, by address and cause. */
  readonly unanswered: readonly { readonly address: string; readonly cause: string; readonly messages: number }[]
}

export interface TakeBackParts {
  readonly from: DepartingQueue
  /** The receiver at an address as `leave` wrote it; null: it is not asked, and may have them as well. */
  readonly receiver: ((address: string) => Receiver) | null
  readonly by: string
}

export async function takeBack({ from, receiver, by }: TakeBackParts): Promise<TakeBackReport> {
  const all = from.leaving()
  if (receiver === null) {
    from.stay(all.map(({ token }) => token))
    return { stayed: all.length, moved: 0, unanswered: [] }
  }
  const counts = { stayed: 0, moved: 0 }
  const unanswered: { address: string; cause: string; messages: number }[] = []
  for (const [address, own] of Map.groupBy(all, (one) => one.address)) {
    const cause = await askAll(own, receiver(address), (one, is) => {
      counts[is === 'taken' ? 'moved' : 'stayed']++
      if (is === 'taken') from.left([one.token], { name: address, by })
      else from.stay([one.token])
    })
    const open = new Set(from.leaving().map(({ token }) => token))
    const messages = own.filter(({ token }) => open.has(token)).length
    if (cause !== null) unanswered.push({ address, cause, messages })
  }
  return { ...counts, unanswered }
}

async function askAll(
  own: readonly Leaving[],
  receiver: Receiver,
  answered: (one: Leaving, is: 'taken' | 'refused') => void,
): Promise<string | null> {
  for (const one of own) {
    const got = await receiver.refuse({ token: one.token, target: one.target })
    if (got.kind === 'trouble') return got.cause
    answered(one, got.value)
  }
  return null
}
