// A system that starts no more threads, as at its limit of processes. It changes what `import { Worker }` means in modules that are loaded
// already, because test files share modules.

import { syncBuiltinESMExports } from 'node:module'
import threads from 'node:worker_threads'

/** From now on no thread starts; returns the way back. */
export function refuseThreads(): () => void {
  const { Worker } = threads
  const set = (value: typeof Worker) => {
    threads.Worker = value
    syncBuiltinESMExports()
  }
  set(Refused as unknown as typeof Worker)
  return () => set(Worker)
}

class Refused {
  constructor() {
    throw new Error('ERR_WORKER_INIT_FAILED: EAGAIN')
  }
}
