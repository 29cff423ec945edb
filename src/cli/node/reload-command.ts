// waypost reload: the running node reads its configuration and data again. Exit code 1 with the reasons if the node refused them.

import { formatProblem } from '../../config/problem.ts'
import { type ReloadResult, reloadResultSchema } from '../../node/reload-result.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { type NodePlace, withDataDirectory } from '../place/node-place.ts'
import { askNode } from './ask-node.ts'

export interface ReloadOptions extends NodePlace {
  /** Time limit for the answer, ms. */
  readonly waitMs: number
  readonly json?: boolean
}

/** The node judges the files itself: it may run another release, or read them as another user. */
export function reload(options: ReloadOptions, io: Io): Promise<number> | number {
  return withDataDirectory(options, io, async (data) => {
    const answered = await askNode(data, 'reload', options.waitMs)
    if (answered.kind === 'failed') return fail(io, answered.problem)
    const read = reloadResultSchema.safeParse(answered.value)
    if (!read.success) return fail(io, 'the node does not know the request: it runs another release; restart it')
    if (options.json) json(io.stdout, read.data)
    else print(read.data, io)
    return read.data.kind === 'reloaded' ? OK : FAILED
  })
}

function print(result: ReloadResult, io: Io): void {
  if (result.kind === 'refused') {
    for (const problem of result.problems) line(io.stderr, formatProblem(problem))
    line(io.stderr, 'the node refused the reload; the old configuration stays active')
    return
  }
  for (const warning of result.warnings) line(io.stderr, `${formatProblem(warning)} (warning)`)
  line(io.stdout, `reloaded ${result.file} (${result.summary})`)
  const keys = result.restartFor
  if (keys.length > 0)
    line(io.stderr, `restart required for: ${keys.join(', ')}; the node keeps their old values until then`)
}

function fail(io: Io, problem: string): number {
  line(io.stderr, problem)
  return FAILED
}
