// waypost run: boots the node and stays until told to stop. SIGHUP reads everything again; SIGTERM and SIGINT drain.

import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { startNode } from '../node.ts'
import type { Node } from '../node.ts'
import { line, OK, USAGE } from './io.ts'
import type { Io } from './io.ts'

export async function run(options: { readonly config: string }, io: Io): Promise<number> {
  const load = loadConfig(options.config)
  if (load.kind === 'bad') return refuse(load.problems, io)
  const started = await startNode(load.config)
  if (started.kind === 'bad') return refuse(started.problems, io)
  const { node } = started
  process.on('SIGHUP', () => void reload(node, options.config))
  await untilStopped()
  await node.stop()
  return OK
}

function refuse(problems: readonly Parameters<typeof formatProblem>[0][], io: Io): number {
  for (const problem of problems) line(io.stderr, formatProblem(problem))
  return USAGE
}

async function reload(node: Node, file: string): Promise<void> {
  const load = loadConfig(file)
  if (load.kind === 'ok') await node.reload(load.config)
  else node.log.error({ problems: load.problems.map(formatProblem) }, 'reload refused, the old configuration stays')
}

/** A second signal ends the process at once: the queue is safe by design. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const stop = () => {
      if (asked) process.exit(1)
      asked = true
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}
