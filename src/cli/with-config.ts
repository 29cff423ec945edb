// The front half of commands that look at a node's configuration and data: load it, or say what is wrong and exit with 2.

import { loadData } from '../wiring/load-data.ts'
import type { NodeData } from '../wiring/load-data.ts'
import type { Config } from '../config/config.ts'
import { readSrsTokens } from '../wiring/srs-tokens.ts'
import { loadConfig } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import { systemClock } from '../lib/clock.ts'
import { line, USAGE } from './io.ts'
import type { Io } from './io.ts'

/** Runs `use` with the configuration. */
export function withConfig(
  file: string,
  io: Io,
  use: (config: Config) => Promise<number> | number,
): Promise<number> | number {
  const load = loadConfig(file)
  if (load.kind === 'ok') return use(load.config)
  for (const problem of load.problems) line(io.stderr, formatProblem(problem))
  return USAGE
}

/** Runs `use` with the configuration and everything it names. */
export function withData(
  file: string,
  io: Io,
  use: (config: Config, data: NodeData, warnings: readonly Problem[]) => Promise<number>,
): Promise<number> | number {
  return withConfig(file, io, async (config) => {
    const load = await loadData(config, await readSrsTokens(config, systemClock))
    if (load.kind === 'ok') return use(config, load.data, load.warnings)
    for (const problem of load.problems) line(io.stderr, formatProblem(problem))
    return USAGE
  })
}
