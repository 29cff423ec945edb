// The first half of commands that read a fleet file: loads it, or prints its problems and exits with 2.

import type { Fleet } from '../../fleet/fleet-model.ts'
import { loadFleet } from '../../fleet/load-fleet.ts'
import type { Io } from '../io.ts'
import { printProblems } from '../with-config.ts'

/** Runs `use` with the fleet. Returns the exit code. */
export function withFleet<T extends number | Promise<number>>(
  file: string,
  io: Io,
  use: (fleet: Fleet) => T,
): T | number {
  const load = loadFleet(file)
  return load.kind === 'ok' ? use(load.fleet) : printProblems(load.problems, io)
}
