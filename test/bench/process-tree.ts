// Processor time and memory of a process and its descendants, from Linux's /proc.

import { readdirSync, readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'

/** Clock ticks per second of the times in /proc/<pid>/stat. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
const PAGE = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }))
/** Sampling interval, ms. A shorter one would use the processor time that is measured. */
const SAMPLE_EVERY = 1000

interface Stat {
  readonly pid: number
  readonly parent: number
  /** Ticks of the process itself and of those of its children that have ended. */
  readonly ticks: number
  readonly residentPages: number
}

/** Reads one `/proc/<pid>/stat` (proc(5)); the name in brackets may hold anything, so fields count from the last bracket. */
export function parseStat(text: string): Stat {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const at = (field: number): number => fields[field - 3] ?? 0
  return { pid: Number.parseInt(text), parent: at(4), ticks: at(14) + at(15) + at(16) + at(17), residentPages: at(24) }
}

function readStats(): Stat[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      return [parseStat(readFileSync(`/proc/${name}/stat`, 'latin1'))]
    } catch {
      return []
    }
  })
}

/** `root` and its descendants, from a list of processes. */
export function treeOf(root: number, stats: readonly Stat[]): Stat[] {
  const children = Map.groupBy(stats, (stat) => stat.parent)
  const walk = (pid: number): Stat[] => (children.get(pid) ?? []).flatMap((child) => [child, ...walk(child.pid)])
  return [...stats.filter((stat) => stat.pid === root), ...walk(root)]
}

/** User and system seconds of the tree so far, ended processes included as far as their parents have waited for them. */
export function cpuSeconds(root: number): number {
  return treeOf(root, readStats()).reduce((sum, stat) => sum + stat.ticks, 0) / TICKS
}

/** Highest sums, in MiB. `rss` counts shared pages once for each process, `pss` once in total. */
export interface PeakMemory {
  readonly rss: number
  readonly pss: number
}

export interface MemoryWatch {
  /** Stops sampling. */
  stop(): PeakMemory
}

/** Samples the memory of the tree until stopped. */
export function watchMemory(root: number, every = SAMPLE_EVERY): MemoryWatch {
  let peak: PeakMemory = { rss: 0, pss: 0 }
  const look = () => {
    const tree = treeOf(root, readStats())
    const rss = (tree.reduce((sum, stat) => sum + stat.residentPages, 0) * PAGE) / 2 ** 20
    const pss = tree.reduce((sum, stat) => sum + proportionalKiB(stat.pid), 0) / 2 ** 10
    peak = { rss: Math.max(peak.rss, rss), pss: Math.max(peak.pss, pss) }
  }
  look()
  const timer = setInterval(look, every)
  return {
    stop: () => {
      clearInterval(timer)
      look()
      return peak
    },
  }
}

/** The proportional set size of one process; 0 if it has ended. */
export function proportionalKiB(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
