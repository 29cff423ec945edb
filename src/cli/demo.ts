// waypost demo: a whole fleet and a small internet on loopback. Exit 0 only if every scene ended as it must.

import { runDemo } from '../demo/run-demo.ts'
import { FAILED, OK } from './io.ts'
import type { Io } from './io.ts'

export async function demo(options: { readonly stay?: boolean }, io: Io): Promise<number> {
  // SIGHUP: the terminal is gone. The nodes would read their configuration again and stay.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  const end = await runDemo(io.stdout, { stay: options.stay === true, stopped })
  // The scene that was left still waits for its mail.
  if (end === 'stopped') process.exit(FAILED)
  return end === 'good' ? OK : FAILED
}
