// waypost run: boots the node and stays until told to stop. SIGHUP, or a changed file where `watch` is set, reads everything again;
// SIGTERM and SIGINT drain.

import { watchFiles } from '../../node/watch-files.ts'
import { loadConfig } from '../../config/load-config.ts'
import { formatProblem } from '../../config/problem.ts'
import { systemClock } from '../../lib/clock.ts'
import { startNode } from '../../node/node.ts'
import type { Node } from '../../node/node.ts'
import { searchHeapLessOften } from './heap-growth.ts'
import { FAILED, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'

/** For the last words on the standard streams. A server that keeps us waiting for its greeting must not keep the process of a stopped node. */
const LAST_MOMENT_MS = 500

export async function run(options: { readonly config: string }, io: Io): Promise<number> {
  const signals = listenToSignals()
  const since = systemClock.now()
  const load = loadConfig(options.config)
  if (load.kind === 'bad') return refuse(load.problems, io)
  const { config } = load
  searchHeapLessOften()
  const started = await startNode(config)
  if (started.kind === 'bad') return refuse(started.problems, io)
  const { node } = started
  const again = oneAfterAnother(() => reload(node, options.config), node)
  signals.started(again)
  const watch = config.watch
    ? await watchFiles({ files: () => [options.config, ...node.files()], changed: again, clock: systemClock, since })
    : null
  // Whoever supervises the node starts it anew; going on would only refuse mail and deliver twice what cannot be recorded.
  void node.failed.then(() => process.exit(FAILED))
  await signals.stopped
  watch?.close()
  await node.stop()
  setTimeout(() => process.exit(OK), LAST_MOMENT_MS).unref()
  return OK
}

function refuse(problems: readonly Parameters<typeof formatProblem>[0][], io: Io): number {
  for (const problem of problems) line(io.stderr, formatProblem(problem))
  return USAGE
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
  else
    node.log.error(
      { problems: load.problems.map(formatProblem) },
      'reload rejected; the old configuration stays active',
    )
}

interface Signals {
  /** Resolves when the node is to drain and stop. */
  readonly stopped: Promise<void>
  /** The node is up. */
  started(reload: () => Promise<void>): void
}

/**
 * Listens from the first moment: without a handler SIGHUP would end a node that is still starting, and supervisors take that for a wish.
 * It is made up for once the node is up. A stop before that, and a second one at any time, ends the process at once: the queue is safe by design.
 */
function listenToSignals(): Signals {
  let reload: (() => Promise<void>) | null = null
  let missed = false
  let stopping = false
  process.on('SIGHUP', () => {
    if (!reload) missed = true
    else if (!stopping) void reload()
  })
  const stopped = new Promise<void>((resolve) => {
    const stop = () => {
      if (!reload || stopping) process.exit(stopping ? FAILED : OK)
      stopping = true
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
  const started = (again: () => Promise<void>) => {
    reload = again
    if (missed) void again()
  }
  return { stopped, started }
}
