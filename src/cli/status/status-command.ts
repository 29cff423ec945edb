// waypost status: what a node does and what it needs, from the running node or from its data directory. Exit code 1 if it does not run or fails.

import { queueDirectory } from '../../wiring/node-paths.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { findDataDirectory, type NodePlace, withDataDirectory } from '../place/node-place.ts'
import { formatProblem } from '../../config/problem.ts'
import { type NagiosLimits, nagiosLine } from './nagios-line.ts'
import { type NodeView, readNode } from './ask-status.ts'
import { statusLines } from './status-lines.ts'

export interface StatusOptions extends NodePlace {
  readonly json?: boolean
  /** Prints the line of a plug-in, with its exit codes; null for people. */
  readonly nagios: NagiosLimits | null
  /** Unix milliseconds. */
  readonly now: () => number
}

export function status(options: StatusOptions, io: Io): Promise<number> | number {
  if (options.nagios) return nagiosStatus(options, options.nagios, io)
  return withDataDirectory(options, io, async (data) => {
    const view = await readNode(queueDirectory({ data }))
    if (options.json) json(io.stdout, jsonOf(view))
    else for (const text of statusLines(view, options.now())) line(io.stdout, text)
    return isWell(view) ? OK : FAILED
  })
}

/** A monitor takes every other exit code for a state of the node, so what cannot be found out is UNKNOWN. */
async function nagiosStatus(options: StatusOptions, limits: NagiosLimits, io: Io): Promise<number> {
  const print = (view: NodeView) => {
    const { code, line: text } = nagiosLine(view, limits, options.now())
    line(io.stdout, text)
    return code
  }
  const found = findDataDirectory(options)
  if (found.kind !== 'ok') {
    const [problem] = found.problems
    return print({ state: 'unknown', problem: problem ? formatProblem(problem) : 'the data directory is not known' })
  }
  let code: number | null = null
  const ended = await withDataDirectory({ ...options, data: found.data }, io, async (data) => {
    code = print(await readNode(queueDirectory({ data })))
    return code
  })
  return code === null ? print({ state: 'unknown', problem: 'the data directory cannot be used' }) : ended
}

function isWell(view: NodeView): boolean {
  return view.state === 'running' && view.status.health.kind !== 'failing'
}

function jsonOf(view: NodeView): object {
  return view.state === 'running' ? { state: 'running', ...view.status } : view
}
