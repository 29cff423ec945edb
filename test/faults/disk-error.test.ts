// Single errors of a disk under a working queue: EIO and ENOSPC at one system call out of many, for writing, flushing, creating and reading,
// put there by strace where it may trace. Whatever fails: the process lives, what was accepted is there, a settled recipient is removed, a refusal
// says why and leaves nothing.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SyncQueueReader } from '../lib/sync-queue-reader.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { testQueue } from '../lib/queue-samples.ts'

const TRACER = 'strace'
const child = join(import.meta.dirname, 'disk-error-child.ts')
const mayTrace =
  ensurePeers(['strace']) &&
  spawnSync(TRACER, ['-o', '/dev/null', '-e', 'inject=fdatasync:error=EIO', 'true']).status === 0

interface Told {
  readonly accepted: string[]
  readonly settled: string[]
  readonly refused: string[]
  readonly failing: number
}

describe.runIf(mayTrace)('a disk with errors', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'waypost-eio-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  /**
   * Runs the work while the call fails at the times given (strace's `when`, counted in each thread; the first ones are of the opening). All
   * calls for spool files are in one thread: spread over four, no thread has enough of them in some runs. A cache of compiled code is read by
   * the same calls, and its files differ from run to run.
   */
  function work(call: string, error: string, when: string): Told {
    const inject = [
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      `trace=${call}`,
      '-e',
      `inject=${call}:error=${error}:when=${when}`,
    ]
    const run = spawnSync(TRACER, [...inject, process.execPath, child, directory], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, UV_THREADPOOL_SIZE: '1', NODE_DISABLE_COMPILE_CACHE: '1' },
    })
    expect(run.stderr).toBe('')
    expect(run.status).toBe(0)
    return JSON.parse(run.stdout) as Told
  }

  /** Starts the queue again on a sound disk and compares it with the results that the process got. */
  async function judge(told: Told): Promise<void> {
    const place = testQueue()
    const queue = await place.open({ directory })
    expect(queue.opened.lost).toEqual([])
    await queue.close()
    const reader = new SyncQueueReader(directory)
    const here = [...reader.list()].map(({ queueId }) => queueId)
    const bodies = [...reader.list()].filter(({ size }) => size > 50_000).length
    const ends = [...reader.ledger()].filter(({ kind }) => kind === 'delivered').map(({ queueId }) => queueId ?? '')
    reader.close()
    const open = told.accepted.filter((one) => !told.settled.includes(one))
    expect(here.toSorted()).toEqual(open.toSorted())
    expect(ends.toSorted()).toEqual(told.settled.toSorted())
    const spool = join(directory, 'spool')
    expect(readdirSync(spool).flatMap((name) => readdirSync(join(spool, name)))).toHaveLength(bodies)
    await place.remove()
  }

  const causes = (told: Told) => [...new Set(told.refused.map((one) => one.split(' ')[1] ?? ''))].toSorted()

  it.each([
    ['fdatasync', 'EIO', '3+3', ['failing']],
    ['pwrite64', 'EIO', '150+61', ['failing']],
    ['pwrite64', 'ENOSPC', '150+61', ['full']],
    ['write', 'EIO', '400+401', null],
    ['fsync', 'EIO', '20+13', ['failing']],
    ['ftruncate', 'EIO', '3+2', null],
    ['pread64', 'EIO', '90+31', null],
    ['openat', 'EMFILE', '700+29', null],
  ] as const)('%s gives %s', { timeout: 60_000 }, async (call, error, when, expected) => {
    const told = work(call, error, when)
    expect(told.accepted.length).toBeGreaterThan(20)
    if (expected) {
      expect(told.refused.length).toBeGreaterThan(0)
      expect(causes(told)).toEqual(expected)
    } else expect(causes(told).filter((cause) => cause !== 'failing' && cause !== 'full')).toEqual([])
    await judge(told)
  })
})
