// waypost run: boots the node and stays until told to stop. SIGHUP, or a changed file where `watch` is set, reads everything again;
// SIGTERM and SIGINT drain.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { pidFile } from '../assembly/pid-file.ts'
import { watchFiles } from '../assembly/watch-files.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { systemClock } from '../lib/clock.ts'
import { startNode } from '../node.ts'
import type { Node } from '../node.ts'
import { searchHeapLessOften } from './heap-growth.ts'
import { FAILED, line, OK, USAGE } from './io.ts'
import type { Io } from './io.ts'

/** For the last words on the standard streams. A server that keeps us waiting for its greeting must not keep the process of a stopped node. */
const LAST_MOMENT_MS = 500

export async function run(options: { readonly config: string }, io: Io): Promise<number> {
  const since = systemClock.now()
  const load = loadConfig(options.config)
  if (load.kind === 'bad') return refuse(load.problems, io)
  const { config } = load
  searchHeapLessOften()
  const started = await startNode(config)
  if (started.kind === 'bad') return refuse(started.problems, io)
  const { node } = started
  writePid(config, node)
  const again = oneAfterAnother(() => reload(node, options.config), node)
  process.on('SIGHUP', () => void again())
  const watch = config.watch
    ? await watchFiles({ files: () => [options.config, ...node.files()], changed: again, clock: systemClock, since })
    : null
  // Whoever supervises the node starts it anew; going on would only refuse mail and deliver twice what cannot be recorded.
  void node.broken.then(() => process.exit(FAILED))
  await untilStopped()
  watch?.close()
  await node.stop()
  rmSync(pidFile(config), { force: true })
  setTimeout(() => process.exit(OK), LAST_MOMENT_MS).unref()
  return OK
}

function refuse(problems: readonly Parameters<typeof formatProblem>[0][], io: Io): number {
  for (const problem of problems) line(io.stderr, formatProblem(problem))
  return USAGE
}

/** Where `waypost reload` finds the process. A node on a full disk runs without: it has mail to deliver. */
function writePid(config: Config, node: Node): void {
  try {
    mkdirSync(dirname(pidFile(config)), { recursive: true })
    writeFileSync(pidFile(config), `${process.pid}\n`)
  } catch (error) {
    node.log.warn({ cause: (error as Error).message }, 'no pid file: waypost reload will not find this node')
  }
}

/** Reloads in the order they were asked for: of two at once the older could win. */
function oneAfterAnother(work: () => Promise<void>, node: Node): () => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  return () => {
    last = last.then(work).catch((error: unknown) => node.log.bug(error, 'reload'))
    return last
  }
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
