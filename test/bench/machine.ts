// Describes the machine of a benchmark: processor, cores, and the cost of an fsync.

import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'

const SYNCS = 300
const BLOCK = 4096
/** statfs type of tmpfs, where an fsync costs nothing. */
const TMPFS = 0x01021994

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memory: string
  readonly system: string
  /** Median milliseconds of a 4 KiB append with fdatasync in the folder that both relays use. */
  readonly syncMs: number
  readonly node: string
  /** Load average of the last minute before the run; above zero, other processes were running. */
  readonly load: number
}

/** Describes this machine; throws if the folder for queues is in memory. */
export function describeMachine(): Machine {
  const all = cpus()
  if (statfsSync(tmpdir()).type === TMPFS) throw new Error(`${tmpdir()} is a tmpfs; set TMPDIR to a folder on a disk`)
  return {
    processor: all[0]?.model ?? 'unknown',
    cores: all.length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${osName()}, Linux ${release()}`,
    syncMs: medianSync(),
    node: process.version,
    load: loadavg()[0] as number,
  }
}

function osName(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown system'
  } catch {
    return 'unknown system'
  }
}

function medianSync(): number {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-sync-'))
  const file = openSync(join(folder, 'file'), 'a')
  const block = Buffer.alloc(BLOCK, 'x')
  const times = Array.from({ length: SYNCS }, () => {
    const start = performance.now()
    writeSync(file, block)
    fdatasyncSync(file)
    return performance.now() - start
  })
  closeSync(file)
  rmSync(folder, { recursive: true })
  return times.toSorted((a, b) => a - b)[SYNCS / 2] as number
}
