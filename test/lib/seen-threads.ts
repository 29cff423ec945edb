// Keeps the threads that start, so that a test can end one from outside. It changes what `import { Worker }` means in modules that are
// loaded already, because test files share modules.

import { syncBuiltinESMExports } from 'node:module'
import threads, { type Worker as StartedThread } from 'node:worker_threads'

/** From now on every thread is in `started`; `stop` is the way back. */
export function seeThreads(): { readonly started: readonly StartedThread[]; stop(): void } {
  const { Worker } = threads
  const started: StartedThread[] = []
  class Seen extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given)
      started.push(this)
    }
  }
  const set = (value: typeof Worker) => {
    threads.Worker = value
    syncBuiltinESMExports()
  }
  set(Seen)
  return { started, stop: () => set(Worker) }
}
