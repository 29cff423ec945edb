// Writes log lines to a file descriptor in the background, so that a slow reader of the log never delays mail. Errors are ignored, so that a
// reader that has gone away never ends or blocks the node (pino's own destination waits for it without limit).

import { write as fsWrite } from 'node:fs'
import type { Clock, Timer } from '../lib/clock.ts'
import type { LogOutput } from './json-log.ts'

/** Bytes kept while the reader does not read; further lines are dropped. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024
/** Lines after a write are collected for so many ms, or up to so many bytes: a write for each line costs more than the line. */
const COLLECT_MS = 10
const COLLECT_BYTES = 64 * 1024
/** Pause before the next attempt to write to a full non-blocking pipe, ms. */
const RETRY_MS = 20
/** Longest wait of `flush` for a reader that does not read, ms. */
const FLUSH_MS = 2000

/** The only call of node:fs that is used; tests replace it. */
export type WriteToDescriptor = (
  fd: number,
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void

export interface FileLogOutput extends LogOutput {
  /** Resolves when every line is written, after two seconds at the latest. */
  flush(): Promise<void>
}

export interface LogOutputPorts {
  readonly clock: Pick<Clock, 'after'>
  readonly write?: WriteToDescriptor
}

/** `fd` is 1 for standard output. */
export function openLogOutput(fd: number, { clock, write = fsWrite }: LogOutputPorts): FileLogOutput {
  let lines: string[] = []
  let bytes = 0
  let dropped = 0
  let busy = false
  let collecting: Timer | null = null
  const waiting: (() => void)[] = []
  const written = (): void => {
    if (lines.length === 0) {
      busy = false
      for (const resolve of waiting.splice(0)) resolve()
    } else if (waiting.length > 0 || bytes >= COLLECT_BYTES) writeNext()
    else collecting = clock.after(COLLECT_MS, writeNext)
  }
  const writeNext = (): void => {
    collecting = null
    busy = true
    const text = lines.join('') + (dropped > 0 ? droppedLine(dropped) : '')
    lines = []
    bytes = 0
    dropped = 0
    put(Buffer.from(text, 'utf8'))
  }
  const stopCollecting = (): void => {
    if (!collecting) return
    collecting.cancel()
    writeNext()
  }
  const put = (rest: Buffer): void => {
    write(fd, rest, (error, count) => {
      if (error?.code === 'EAGAIN') clock.after(RETRY_MS, () => put(rest))
      else if (!error && count < rest.length) put(rest.subarray(count))
      else written()
    })
  }
  return {
    write: (line) => {
      if (bytes + line.length > MAX_PENDING_BYTES) {
        dropped++
        return
      }
      lines.push(line)
      bytes += line.length
      if (!busy) writeNext()
      else if (bytes >= COLLECT_BYTES) stopCollecting()
    },
    flush: () =>
      new Promise((resolve) => {
        if (!busy) return resolve()
        const limit = clock.after(FLUSH_MS, resolve)
        waiting.push(() => {
          limit.cancel()
          resolve()
        })
        stopCollecting()
      }),
  }
}

function droppedLine(count: number): string {
  return `${JSON.stringify({ level: 'warn', dropped: count, msg: 'log lines dropped: the reader of the log is too slow' })}\n`
}
