// waypost check: the problems that would keep the node from starting, and warnings. For operators, editors and CI.

import { readShortHashes } from '../../node/srs-hash-record.ts'
import { loadData } from '../../node/load-data.ts'
import { loadConfig } from '../../config/load-config.ts'
import { formatProblem } from '../../config/problem.ts'
import { systemClock } from '../../lib/clock.ts'
import { formatEndpoint } from '../../lib/endpoint.ts'
import type { Problem } from '../../config/problem.ts'
import { json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { asOwnerOfNode } from '../place/node-place.ts'

/** A root process reads everything as the owner of the data directory, as the node does. */
export function check(options: CheckOptions, io: Io): Promise<number> | number {
  return asOwnerOfNode(options.config, io, () => checkAsOwner(options, io))
}

interface CheckOptions {
  readonly config: string
  readonly json?: boolean
}

async function checkAsOwner(options: CheckOptions, io: Io): Promise<number> {
  const { problems, warnings, notes, summary } = await inspect(options.config)
  if (options.json) json(io.stdout, { ok: problems.length === 0, problems, warnings, notes, summary })
  else {
    for (const problem of problems) line(io.stderr, formatProblem(problem))
    for (const warning of warnings) line(io.stderr, `${formatProblem(warning)} (warning)`)
    for (const note of notes) line(io.stdout, `${formatProblem(note)} (note)`)
    if (problems.length === 0) line(io.stdout, `${options.config}: ok. ${summary}`)
    else
      line(io.stderr, `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}: this node would not start`)
  }
  return problems.length === 0 ? OK : USAGE
}

interface Inspection {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** Facts that are not problems: addresses that cannot be listed. */
  readonly notes: readonly Problem[]
  readonly summary: string
}

async function inspect(file: string): Promise<Inspection> {
  const load = loadConfig(file)
  if (load.kind === 'bad') return { problems: load.problems, warnings: [], notes: [], summary: '' }
  const { config } = load
  const data = await loadData(config, { clock: systemClock, tokens: null, shortHashes: readShortHashes })
  const listeners = config.listeners.map((listener) => `${listener.name} on ${formatEndpoint(listener)}`).join(', ')
  const noSpamCheck =
    config.role.checks.includes('spam') && !config.rspamd ? '; no rspamd: mail is not checked for spam' : ''
  const summary = `${config.role.role} ${config.hostname}: ${listeners}${noSpamCheck}`
  if (data.kind === 'bad') return { problems: data.problems, warnings: data.warnings, notes: [], summary }
  const { notes } = data.data
  return { problems: [], warnings: data.warnings, notes, summary: `${summary}; ${data.data.summary}` }
}
