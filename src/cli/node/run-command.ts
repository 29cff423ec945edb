// waypost run: starts the node and waits until a signal stops it. SIGHUP, or a changed file with `watch: true`, reloads; SIGTERM and SIGINT drain.

import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { watchFiles } from '../../node/watch-files.ts'
import { loadConfig } from '../../config/load-config.ts'
import { systemClock } from '../../lib/clock.ts'
import { allowCollections } from '../../lib/release-memory.ts'
import { startNode } from '../../node/node.ts'
import { FAILED, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { asOwnerOfNode } from '../place/node-place.ts'
import { printProblems } from '../with-config.ts'
import { restartWithOpensslConfig } from './openssl-config.ts'

/** Time for output on the standard streams after the stop. Connections that still wait for a greeting must not keep the process alive. */
const EXIT_DELAY_MS = 500

/**
 * Growth of the heap, in percent, that starts the next major garbage collection. V8's own value is about 67, and message buffers count: at
 * 100 MB/s a node with 25 MB of live objects collects fifteen times a second. 200 saves a third of the CPU time of 10 MB messages and
 * costs about 10 MB of memory (180 to 200 MiB instead of 170 to 180).
 */
const HEAP_GROWTH_PERCENT = 200

/** A root process continues as the owner of the data directory: files of root in it would keep the service from starting. */
export function run(options: { readonly config: string }, io: Io): Promise<number> | number {
  restartWithOpensslConfig(io)
  return asOwnerOfNode(options.config, io, () => runAsOwner(options, io))
}

async function runAsOwner(options: { readonly config: string }, io: Io): Promise<number> {
  const signals = listenToSignals()
  const since = systemClock.now()
  const load = loadConfig(options.config)
  if (load.kind === 'bad') return printProblems(load.problems, io)
  const { config } = load
  allowCollections()
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`)
  const started = await startNode(config)
  if (started.kind === 'bad') return printProblems(started.problems, io)
  const { node } = started
  // With NODE_COMPILE_CACHE, as the unit sets it. Node.js writes it at the exit only, and a node may end without one.
  flushCompileCache()
  const reloadNext = async () => void (await node.reload())
  signals.started(reloadNext)
  const watch = config.watch
    ? await watchFiles({
        files: () => node.files(),
        changed: reloadNext,
        clock: systemClock,
        since,
      })
    : null
  // The service manager restarts the node. A node without a queue rejects all mail and delivers messages twice.
  void node.failed.then(() => process.exit(FAILED))
  await signals.stopped
  watch?.close()
  await node.stop()
  systemClock.after(EXIT_DELAY_MS, () => process.exit(OK))
  return OK
}

interface Signals {
  /** Resolves at the signal to drain and stop. */
  readonly stopped: Promise<void>
  /** Call it when the node runs. */
  started(reload: () => Promise<void>): void
}

/**
 * Handles signals from the start of the process: the default action of SIGHUP would end a node that is still starting. Such a SIGHUP reloads
 * when the node runs. A stop signal before that, and a second stop signal at any time, ends the process at once; the queue on disk is safe.
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
  const started = (reloadNode: () => Promise<void>) => {
    reload = reloadNode
    if (missed) void reloadNode()
  }
  return { stopped, started }
}
