// Memory and threads of one process, from Linux's /proc.

import { readFileSync } from 'node:fs'

const MIB_IN_KIB = 2 ** 10

/** MiB, except for `threads`. */
export interface ProcessMemory {
  /** All pages in memory. */
  readonly rss: number
  /** The same; pages that several processes have count in part. */
  readonly pss: number
  /** Pages that only this process has and that are not those of a file. */
  readonly privateDirty: number
  readonly threads: number
}

/** The memory of a running process. Throws if it has ended. */
export function memoryOf(pid: number): ProcessMemory {
  const sums = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(sums)?.[1]) / MIB_IN_KIB
  const threads = Number(/^Threads:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1])
  return { rss: field('Rss'), pss: field('Pss'), privateDirty: field('Private_Dirty'), threads }
}
