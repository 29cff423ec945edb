// The work of the state thread: opens files, runs the operations on each of them in their order, and says what came of them.

import { holdFile, type HeldFile } from './held-file.ts'
import type { SetAside, StateAnswers, StateOutcome, StateRequest } from './state-messages.ts'
import { tableOfSpec } from './table-of-spec.ts'

export interface StateEngine {
  /** Runs requests that wait together. Every change is committed when it returns. Never throws. */
  answer(requests: readonly StateRequest[]): StateAnswers
  /** Closes every file. */
  close(): void
}

type Run = StateRequest & { readonly kind: 'run' }

interface EngineFile {
  readonly held: HeldFile
  /** Operations that wait for their transaction, with their positions. */
  waiting: { readonly place: number; readonly request: Run }[]
}

/** @param clock.monotonic milliseconds */
export function createStateEngine(clock: { readonly monotonic: () => number }): StateEngine {
  const files = new Map<number, EngineFile>()
  let setAside: (readonly [file: number, aside: SetAside])[] = []
  const open = ({ file, spec }: StateRequest & { readonly kind: 'open' }): StateOutcome => {
    const ports = {
      monotonic: clock.monotonic,
      setAside: (aside: SetAside) => void setAside.push([file, aside]),
    }
    const held = holdFile(spec.path, tableOfSpec(spec), ports)
    files.set(file, { held, waiting: [] })
    const cause = held.open()
    return cause === null ? DONE : { kind: 'failed', cause }
  }
  return {
    answer: (requests) => {
      const outcomes: StateOutcome[] = requests.map(() => DONE)
      for (const [place, request] of requests.entries()) {
        const known = files.get(request.file)
        if (request.kind === 'open') outcomes[place] = open(request)
        else if (!known) outcomes[place] = UNKNOWN
        else if (request.kind === 'run') known.waiting.push({ place, request })
        else {
          runWaiting(known, outcomes)
          known.held.close()
          files.delete(request.file)
        }
      }
      for (const file of files.values()) runWaiting(file, outcomes)
      const found = setAside
      setAside = []
      return { ...answersOf(outcomes), setAside: found }
    },
    close: () => {
      for (const { held } of files.values()) held.close()
      files.clear()
    },
  }
}

const DONE: StateOutcome = { kind: 'done', value: null }
const UNKNOWN: StateOutcome = { kind: 'failed', cause: 'the file is not open' }

function runWaiting(file: EngineFile, outcomes: StateOutcome[]): void {
  if (file.waiting.length === 0) return
  const { waiting } = file
  file.waiting = []
  const found = file.held.run(waiting.map(({ request }) => request))
  for (const [index, { place }] of waiting.entries()) outcomes[place] = found[index] ?? UNKNOWN
}

function answersOf(outcomes: readonly StateOutcome[]): Pick<StateAnswers, 'values' | 'failures'> {
  return {
    values: outcomes.map((one) => (one.kind === 'done' ? one.value : null)),
    failures: outcomes.flatMap((one, place) => (one.kind === 'failed' ? [[place, one.cause] as const] : [])),
  }
}
