// waypost demo: four nodes and a small internet on loopback. Exit code 0 only if all scenarios passed.

import { runDemo } from '../../demo/run-demo.ts'
import { FAILED, OK } from '../io.ts'
import type { Io } from '../io.ts'

export async function demo(options: { readonly stay?: boolean }, io: Io): Promise<number> {
  // SIGHUP arrives when the terminal closes. The nodes would treat it as a reload and keep running.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  const end = await runDemo(io.stdout, { stay: options.stay === true, stopped })
  // The interrupted scenario still waits for a message and would keep the process alive.
  if (end === 'stopped') process.exit(FAILED)
  return end === 'passed' ? OK : FAILED
}
