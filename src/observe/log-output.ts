// Where log lines go: a file descriptor, written in the background so that a slow reader of the log never holds up mail, and with errors
// ignored so that a reader that went away never ends or hangs the node. (pino's own destination waits for ever in that case.)

import { write as fsWrite } from 'node:fs'
import type { LogOutput } from './json-log.ts'

/** Octets kept while the reader does not read; beyond that lines are lost, not mail. */
const MAX_PENDING_OCTETS = 16 * 1024 * 1024
/** Behind a write lines gather for this long, ms, or until there are so many octets: a write for each line costs more than the line. */
const GATHER_MS = 10
const GATHER_OCTETS = 64 * 1024
/** How long to wait before asking a full non-blocking pipe again. */
const BUSY_WAIT = 20
/** The longest wait for a stuck reader at the end of the process. */
const FLUSH_WAIT = 2000

/** The one call it needs of node:fs, for tests to replace. */
export type WriteToDescriptor = (
  fd: number,
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void

export interface FileLogOutput extends LogOutput {
  /** Resolves when every line is written or given up, after two seconds at the latest. */
  flush(): Promise<void>
}

/** @param fd 1 for standard output */
export function openLogOutput(fd: number, write: WriteToDescriptor = fsWrite): FileLogOutput {
  let lines: string[] = []
  let octets = 0
  let lost = 0
  let busy = false
  let gathering: NodeJS.Timeout | null = null
  let idle: (() => void)[] = []
  const written = (): void => {
    if (lines.length === 0) {
      busy = false
      for (const tell of idle.splice(0)) tell()
    } else if (idle.length > 0 || octets >= GATHER_OCTETS) next()
    else gathering = setTimeout(next, GATHER_MS)
  }
  const next = (): void => {
    gathering = null
    busy = true
    const text = lines.join('') + (lost > 0 ? lostLine(lost) : '')
    lines = []
    octets = 0
    lost = 0
    put(Buffer.from(text, 'utf8'))
  }
  const gatherNoMore = (): void => {
    if (!gathering) return
    clearTimeout(gathering)
    next()
  }
  const put = (bytes: Buffer): void => {
    write(fd, bytes, (error, count) => {
      if (error?.code === 'EAGAIN') setTimeout(() => put(bytes), BUSY_WAIT)
      else if (!error && count < bytes.length) put(bytes.subarray(count))
      else written()
    })
  }
  return {
    write: (line) => {
      if (octets + line.length > MAX_PENDING_OCTETS) {
        lost++
        return
      }
      lines.push(line)
      octets += line.length
      if (!busy) next()
      else if (octets >= GATHER_OCTETS) gatherNoMore()
    },
    flush: () =>
      new Promise((resolve) => {
        if (!busy) return resolve()
        const timer = setTimeout(resolve, FLUSH_WAIT)
        idle.push(() => {
          clearTimeout(timer)
          resolve()
        })
        gatherNoMore()
      }),
  }
}

function lostLine(count: number): string {
  return `${JSON.stringify({ level: 'warn', lost: count, msg: 'log lines lost: the reader of the log is too slow' })}\n`
}
