// Writes log lines to a file descriptor in the background, so that a slow reader of the log never delays mail. After an error the lines are
// dropped and counted: a reader that has gone away, or a full disk, never ends or blocks the node (pino's own destination waits without limit).

import { closeSync, fstatSync, openSync, readSync, write as fsWrite } from 'node:fs'
import type { Clock, Timer } from '../lib/clock.ts'
import type { LogOutput } from './event-log.ts'

/** Bytes kept while the reader does not read; further lines are dropped. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024
/** Lines after a write are collected for so many ms, or up to so many bytes: a write for each line costs more than the line. */
const COLLECT_MS = 10
const COLLECT_BYTES = 64 * 1024
/** Pause before the next attempt to write to a full non-blocking pipe, ms. */
const RETRY_MS = 20
const LINE_FEED = 0x0a
/** Longest wait of `flush` for a reader that does not read, ms. */
const FLUSH_MS = 2000

/** The call of node:fs that writes; tests replace it. */
export type WriteToDescriptor = (
  fd: number,
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void

export interface LostLines {
  readonly count: number
  /** The error of the last write that failed; null if only the reader was too slow. */
  readonly error: string | null
}

export interface FileLogOutput extends LogOutput {
  /** Resolves when every line is written, after two seconds at the latest. */
  flush(): Promise<void>
}

export interface LogOutputPorts {
  readonly clock: Pick<Clock, 'after'>
  /** Called after lines were dropped, when the next lines are written: a line that it logs goes with them. */
  readonly onLoss?: (lost: LostLines) => void
  readonly write?: WriteToDescriptor
}

/** `fd` is 1 for standard output. */
export function openLogOutput(fd: number, { clock, onLoss, write = fsWrite }: LogOutputPorts): FileLogOutput {
  let lines: string[] = []
  let bytes = 0
  let lost: LostLines = NOTHING_LOST
  /** The file ends within a line that was cut off by an error; the next line must not continue it. */
  let torn = endsWithinLine(fd)
  let busy = false
  let collecting: Timer | null = null
  const waiting: (() => void)[] = []
  const takeLines = (): string => {
    const text = lines.join('')
    lines = []
    bytes = 0
    return text
  }
  const writeNext = (): void => {
    collecting = null
    busy = true
    const text = takeLines()
    const reported = lost
    lost = NOTHING_LOST
    if (reported.count > 0) onLoss?.(reported)
    putAll({ fd, write, clock }, Buffer.from(`${torn ? '\n' : ''}${text}${takeLines()}`), written)
  }
  const written = ({ lastOctet, rest, error }: PutEnd): void => {
    if (lastOctet !== null) torn = lastOctet !== LINE_FEED
    if (error !== null) lost = { count: lost.count + linesIn(rest), error: error.message }
    if (lines.length === 0) {
      busy = false
      for (const resolve of waiting.splice(0)) resolve()
    } else if (waiting.length > 0 || bytes >= COLLECT_BYTES) writeNext()
    else collecting = clock.after(COLLECT_MS, writeNext)
  }
  const stopCollecting = (): void => {
    if (!collecting) return
    collecting.cancel()
    writeNext()
  }
  return {
    write: (line) => {
      if (bytes + line.length > MAX_PENDING_BYTES) lost = { ...lost, count: lost.count + 1 }
      else {
        lines.push(line)
        bytes += line.length
        if (!busy) writeNext()
        else if (bytes >= COLLECT_BYTES) stopCollecting()
      }
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

const NOTHING_LOST: LostLines = { count: 0, error: null }

interface PutEnd {
  /** The last octet that was written; null if none was. */
  readonly lastOctet: number | null
  /** What was not written because of the error. */
  readonly rest: Buffer
  readonly error: Error | null
}

/** Writes all octets, in several writes if the descriptor takes only a part, or up to an error. */
function putAll(
  to: { readonly fd: number; readonly write: WriteToDescriptor; readonly clock: Pick<Clock, 'after'> },
  octets: Buffer,
  done: (end: PutEnd) => void,
): void {
  let lastOctet: number | null = null
  const put = (rest: Buffer): void => {
    to.write(to.fd, rest, (error, count) => {
      if (error?.code === 'EAGAIN') return void to.clock.after(RETRY_MS, () => put(rest))
      if (error) return done({ lastOctet, rest, error })
      if (count > 0) lastOctet = rest[count - 1] ?? null
      if (count < rest.length) put(rest.subarray(count))
      else done({ lastOctet, rest: rest.subarray(count), error: null })
    })
  }
  put(octets)
}

/** Lines of which at least a part is lost. A line feed in front ends a line that is written, torn or whole. */
function linesIn(rest: Buffer): number {
  return rest.toString('latin1').replace(/^\n/, '').split('\n').length - 1
}

/** True if a full disk cut off the last line of an earlier process in the file of this descriptor. */
function endsWithinLine(fd: number): boolean {
  try {
    const found = fstatSync(fd)
    if (!found.isFile() || found.size === 0) return false
    // The descriptor itself is open for writing only.
    const reader = openSync(`/proc/self/fd/${fd}`, 'r')
    try {
      const last = Buffer.alloc(1)
      return readSync(reader, last, 0, 1, found.size - 1) === 1 && last[0] !== LINE_FEED
    } finally {
      closeSync(reader)
    }
  } catch {
    // No such descriptor, or no /proc: at worst one line is torn.
    return false
  }
}
