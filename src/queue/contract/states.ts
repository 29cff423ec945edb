// The states of a recipient and the moves between them, as data. A test compares them with the tables of docs/explanation/queue.md. Every
// operation checks its moves here.

/** In the order of their stored numbers: the database holds the position in this list. */
export const recipientStates = [
  'queued',
  'deferred',
  'claimed',
  'held',
  'delivered',
  'failed',
  'expired',
  'transferring',
] as const

export type RecipientState = (typeof recipientStates)[number]

/** `gone`: the row is deleted. */
export type NextState = RecipientState | 'gone'

/** Stored numbers. Waiting states come first so that `state < 2` is the condition of the index of waiting recipients. */
export const stateNumber = {
  queued: 0,
  deferred: 1,
  claimed: 2,
  held: 3,
  delivered: 4,
  failed: 5,
  expired: 6,
  transferring: 7,
} as const satisfies Record<RecipientState, number>

export const allowedMoves: Record<RecipientState, readonly NextState[]> = {
  queued: ['claimed', 'held', 'failed', 'expired', 'transferring', 'gone'],
  claimed: ['queued', 'deferred', 'held', 'delivered', 'failed', 'expired', 'gone'],
  deferred: ['claimed', 'held', 'failed', 'expired', 'transferring', 'gone'],
  held: ['queued', 'deferred', 'failed', 'transferring', 'gone'],
  delivered: ['transferring', 'gone'],
  failed: ['transferring', 'gone'],
  expired: ['transferring', 'gone'],
  transferring: ['queued', 'deferred', 'held', 'delivered', 'failed', 'expired', 'gone'],
}

export function stateOf(number: number): RecipientState {
  const state = recipientStates[number]
  if (state === undefined) throw new Error(`the queue database holds the unknown recipient state ${number}`)
  return state
}

export function isWaiting(state: RecipientState): boolean {
  return state === 'queued' || state === 'deferred'
}

/** Throws on a move that the table does not allow, which is a bug of the operation. */
export function checkMove(from: RecipientState, to: NextState): void {
  if (!allowedMoves[from].includes(to)) throw new Error(`recipient may not move from ${from} to ${to}`)
}
