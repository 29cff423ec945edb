// What the clients of a soak know about each message: the last reply, and how often a final dot was sent without a reply.

export interface Outcomes {
  accept(number: number): void
  refuse(number: number): void
  abandon(number: number): void
  /** The connection ended after the final dot: the node may have the message. The client sends it again, as any mail server. */
  doubt(number: number): void
  /** A return of a destination: the same doubt for its report. */
  doubtReturn(number: number): void
  state(number: number): 'open' | 'accepted' | 'refused' | 'abandoned'
  doubts(number: number): number
  returnDoubts(number: number): number
  /** Messages that are not open any more. */
  readonly ended: number
  readonly accepted: number
  readonly refused: number
  readonly abandoned: number
  /** All doubts about messages and returns. */
  readonly doubted: number
}

const STATES = ['open', 'accepted', 'refused', 'abandoned'] as const
const MOST = 255

export function createOutcomes(messages: number): Outcomes {
  const states = new Uint8Array(messages)
  const doubts = new Uint8Array(messages)
  const returnDoubts = new Uint8Array(messages)
  const totals = [0, 0, 0, 0]
  let doubted = 0
  const end = (number: number, state: number) => {
    if (states[number] !== 0) throw new Error(`message ${number} ended twice for its client`)
    states[number] = state
    totals[state] = (totals[state] ?? 0) + 1
  }
  const add = (counts: Uint8Array, number: number) => {
    counts[number] = Math.min(MOST, (counts[number] ?? 0) + 1)
    doubted += 1
  }
  const total = (state: number) => totals[state] ?? 0
  return {
    accept: (number) => end(number, 1),
    refuse: (number) => end(number, 2),
    abandon: (number) => end(number, 3),
    doubt: (number) => add(doubts, number),
    doubtReturn: (number) => add(returnDoubts, number),
    state: (number) => STATES[states[number] ?? 0] ?? 'open',
    doubts: (number) => doubts[number] ?? 0,
    returnDoubts: (number) => returnDoubts[number] ?? 0,
    get ended() {
      return total(1) + total(2) + total(3)
    },
    get accepted() {
      return total(1)
    },
    get refused() {
      return total(2)
    },
    get abandoned() {
      return total(3)
    },
    get doubted() {
      return doubted
    },
  }
}
