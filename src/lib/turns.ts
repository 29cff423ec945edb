// Lets long work share the event loop: all callers together take a limited number of steps in each turn of the loop, so that input and
// output of others are handled between them.

export interface Turns {
  /** Call before each step. Null if the step can be taken at once, else await the turn of the loop in which it is taken. */
  step(): Promise<void> | null
}

/** @param steps of all callers in one turn of the event loop */
export function createTurns(steps: number): Turns {
  // First come, first served: a long piece of work takes one step, then waits behind those that came in the meantime.
  const waiting: (() => void)[] = []
  let taken = 0
  let scheduled = false
  const nextTurn = () => {
    scheduled = false
    taken = 0
    const woken = waiting.splice(0, steps)
    taken = woken.length
    if (waiting.length > 0 || taken > 0) schedule()
    for (const wake of woken) wake()
  }
  const schedule = () => {
    if (scheduled) return
    scheduled = true
    setImmediate(nextTurn)
  }
  return {
    step: () => {
      schedule()
      if (taken < steps && waiting.length === 0) {
        taken++
        return null
      }
      return new Promise((resolve) => waiting.push(resolve))
    },
  }
}
