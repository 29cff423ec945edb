// The node's side of the thread of reports. One request at a time, each with a deadline: a report that takes too long or too much memory
// ends the thread, and the next request starts another one.

import type { Worker } from 'node:worker_threads'
import type { Clock } from '../../lib/clock.ts'
import { errorText } from '../../lib/log.ts'
import { startThread } from '../../lib/program-files.ts'
import type { FromThread, ReplyTo, Request, ToThread } from './report-messages.ts'

export interface ReportThread {
  /** The reply, or why the thread was lost. Call it only after the last reply. */
  ask<R extends Request>(request: R): Promise<ReplyTo<R> | ThreadLost>
  close(): Promise<void>
}

export interface ThreadLost {
  readonly lost: string
}

/** The largest report that the limits allow takes some seconds. */
const DEADLINE_MS = 60_000
/** MiB of objects; the octets of the report are outside of it. 50 000 records take some 60. */
const MEMORY_MB = 256

/** @param path the file of reports */
export function createReportThread(path: string, clock: Pick<Clock, 'after'>): ReportThread {
  let running: Worker | null = null
  let waiting: { readonly id: number; readonly settle: (reply: FromThread['reply'] | ThreadLost) => void } | null = null
  let last = 0
  const lose = (worker: Worker, cause: string) => {
    if (running !== worker) return
    running = null
    waiting?.settle({ lost: cause })
  }
  const start = (): Worker => {
    const worker = startThread(new URL('./report-worker.ts', import.meta.url), {
      workerData: { path },
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    })
    worker.unref()
    worker.on('message', ({ id, reply }: FromThread) => {
      if (waiting?.id === id) waiting.settle(reply)
    })
    worker.on('error', (error) => lose(worker, lossOf(error)))
    worker.on('exit', () => lose(worker, 'the thread of reports ended'))
    return worker
  }
  return {
    ask: async <R extends Request>(request: R) => {
      const id = ++last
      const { promise, resolve } = Promise.withResolvers<FromThread['reply'] | ThreadLost>()
      waiting = { id, settle: resolve }
      const worker = (running ??= start())
      const late = clock.after(DEADLINE_MS, () => {
        lose(worker, `it took more than ${DEADLINE_MS / 1000} s`)
        void worker.terminate()
      })
      const octets = request.kind === 'read' ? [request.message.buffer as ArrayBuffer] : []
      worker.postMessage({ id, request } satisfies ToThread, octets)
      try {
        return (await promise) as ReplyTo<R> | ThreadLost
      } finally {
        late.cancel()
        waiting = null
      }
    },
    close: async () => {
      const worker = running
      running = null
      await worker?.terminate()
    },
  }
}

function lossOf(error: unknown): string {
  const isMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
  return isMemory ? `it took more than ${MEMORY_MB} MiB of memory` : errorText(error)
}
