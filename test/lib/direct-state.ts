// The state of a node without its thread: the same engine in the process of a test, which answers at once.

import { createStateEngine } from '../../src/state/thread/state-engine.ts'
import type { SetAside, StateChannel, StateRequest } from '../../src/state/thread/state-messages.ts'

/** @param monotonic milliseconds; by default time stands still */
export function directState(monotonic: () => number = () => 0): StateChannel {
  const engine = createStateEngine({ monotonic })
  const heard = new Map<number, (file: SetAside) => void>()
  const opened = new Set<number>()
  const opens = new Map<number, StateRequest>()
  const answer = (request: StateRequest) => {
    const { values, failures, setAside } = engine.answer([request])
    for (const [file, aside] of setAside) heard.get(file)?.(aside)
    const [failure] = failures
    return failure ? ({ kind: 'failed', cause: failure[1] } as const) : ({ kind: 'done', value: values[0] } as const)
  }
  return {
    add: (spec, setAside) => {
      const file = heard.size + 1
      heard.set(file, setAside)
      opens.set(file, { kind: 'open', file, spec })
      return file
    },
    ask: async (file, operation, args) => {
      const open = opens.get(file)
      if (open && !opened.has(file)) answer(open)
      opened.add(file)
      // As between threads, what is given and answered is copied.
      return structuredClone(answer({ kind: 'run', file, operation, args: structuredClone(args) }))
    },
    remove: async (file) => void answer({ kind: 'close', file }),
  }
}
