// waypost demo: four nodes and a small internet on loopback. Exit code 0 only if all scenarios passed, or what was broken is repaired.

import { breakKinds, listOfBreaks } from '../../demo/breaks/break-kinds.ts'
import { runBreaks } from '../../demo/run-breaks.ts'
import { runDemo } from '../../demo/run-demo.ts'
import { FAILED, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'

interface DemoFlags {
  readonly stay?: boolean
  /** Kinds, separated by commas. */
  readonly break?: string
}

export async function demo(options: DemoFlags, io: Io): Promise<number> {
  if (options.break === 'list') {
    for (const one of listOfBreaks()) line(io.stdout, one)
    return OK
  }
  const names = options.break?.split(',') ?? []
  const unknown = names.find((name) => !breakKinds.has(name))
  if (unknown !== undefined) {
    line(io.stderr, `found --break ${unknown}, expected one of these kinds, or several with commas:`)
    for (const one of listOfBreaks()) line(io.stderr, one)
    return USAGE
  }
  const alone = names.length > 1 ? names.find((name) => breakKinds.get(name)?.isAlone) : undefined
  if (alone !== undefined) {
    line(io.stderr, `found --break ${options.break}, expected ${alone} alone: it has another fleet`)
    return USAGE
  }
  // SIGHUP arrives when the terminal closes. The nodes would treat it as a reload and keep running.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  if (names.length > 0) {
    const kinds = names.flatMap((name) => breakKinds.get(name) ?? [])
    const result = await runBreaks(io.stdout, kinds, { stopped })
    // A break that was interrupted still waits for something and would keep the process alive.
    if (result === 'broken') process.exit(FAILED)
    return OK
  }
  const end = await runDemo(io.stdout, { stay: options.stay === true, stopped })
  // The interrupted scenario still waits for a message and would keep the process alive.
  if (end === 'stopped') process.exit(FAILED)
  return end === 'passed' ? OK : FAILED
}
