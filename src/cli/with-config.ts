// The first half of commands that use the configuration of a node: loads it as the owner of the data directory, or prints its problems and
// exits with 2. What that user cannot read, the node cannot read either.

import { loadData } from '../node/load-data.ts'
import type { NodeData } from '../node/load-data.ts'
import { openOfflineGuard } from '../node/offline-guard.ts'
import { readShortHashes } from '../node/srs-hash-record.ts'
import type { Config } from '../config/config.ts'
import { tokenSettings } from '../wiring/routing-settings.ts'
import { loadConfig } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import { systemClock } from '../lib/clock.ts'
import type { TokenStore } from '../route/srs/srs-token.ts'
import { readTokenDatabase } from '../route/srs/token-database.ts'
import { line, USAGE } from './io.ts'
import type { Io } from './io.ts'
import { actingNote } from './place/act-as-owner.ts'
import { asOwnerOf, asOwnerOfNode } from './place/node-place.ts'

/** Runs `use` with the configuration. */
export function withConfig(
  file: string,
  io: Io,
  use: (config: Config) => Promise<number> | number,
): Promise<number> | number {
  return asOwnerOfNode(file, io, () => loadAndUse(file, io, use))
}

function loadAndUse(file: string, io: Io, use: (config: Config) => Promise<number> | number): Promise<number> | number {
  const load = loadConfig(file)
  // Again: an alias of YAML may name the directory in a way that only the loader understands.
  if (load.kind === 'ok') return asOwnerOf(load.config.data, io, () => use(load.config))
  return printProblems(load.problems, io)
}

/** Prints the problems, and the user who found them if root called the command. Returns the exit code. */
export function printProblems(problems: readonly Problem[], io: Io): number {
  for (const problem of problems) line(io.stderr, formatProblem(problem))
  const note = actingNote()
  if (note !== '') line(io.stderr, note)
  return USAGE
}

/** Runs `use` with the configuration, the routing data, users, machines and keys. */
export function withData(
  file: string,
  io: Io,
  use: (config: Config, data: NodeData, warnings: readonly Problem[]) => Promise<number>,
): Promise<number> | number {
  return withConfig(file, io, async (config) => {
    const load = await loadData(config, {
      clock: systemClock,
      tokens: readTokens(config),
      shortHashes: readShortHashes,
      guard: await openOfflineGuard(config),
      use: 'command',
    })
    return load.kind === 'ok' ? use(config, load.data, load.warnings) : printProblems(load.problems, io)
  })
}

/** Reads the senders that are too long for SRS, without storing new ones. Null if the role has none. */
function readTokens(config: Config): TokenStore | null {
  const settings = tokenSettings(config)
  return settings && readTokenDatabase(settings.path)
}
