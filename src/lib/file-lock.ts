// A lock beside a file that several processes rewrite: `FILE.lock`, as dovecot and mail programs use it. The holder touches it, so that the
// lock of a process that was killed is known by its age, also where process numbers mean nothing (containers, network file systems).

import { randomBytes } from 'node:crypto'
import { link, open, rename, rm, stat, utimes } from 'node:fs/promises'
import type { Clock } from './clock.ts'

/** Longest wait for the lock, ms. */
const WAIT_MS = 10_000
/** Pause between two attempts, ms. */
const RETRY_MS = 20
/** How often the holder touches the lock, ms. */
const BEAT_MS = 1000
/** A lock that was not touched for this long has no holder, ms: several beats, and less than the wait. */
const STALE_MS = 5000

/** Runs `work` while no other holder of the lock does. Rejects if another process keeps the lock, and with the error of `work`. */
export async function withFileLock<T>(
  file: string,
  clock: Pick<Clock, 'monotonic' | 'now' | 'sleep' | 'every'>,
  work: () => Promise<T>,
): Promise<T> {
  const lock = `${file}.lock`
  const deadline = clock.monotonic() + WAIT_MS
  while (!(await take(lock))) {
    if (clock.monotonic() > deadline)
      throw new Error(`${lock} is held by another process; remove the file if no such process runs`)
    await removeStale(lock, clock.now())
    await clock.sleep(RETRY_MS)
  }
  const beat = clock.every(BEAT_MS, () => touch(lock, clock.now()))
  try {
    return await work()
  } finally {
    beat.cancel()
    await rm(lock, { force: true })
  }
}

/** @param now unix ms */
function touch(lock: string, now: number): void {
  const time = new Date(now)
  // A lock that is gone was taken for stale: the next beat changes nothing about it.
  utimes(lock, time, time).catch(() => undefined)
}

async function take(lock: string): Promise<boolean> {
  try {
    const handle = await open(lock, 'wx', 0o600)
    await handle.writeFile(`${process.pid}\n`)
    await handle.close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function removeStale(lock: string, now: number): Promise<void> {
  if (!(await isStale(lock, now))) return
  // Another process may have replaced the lock in the meantime: what was moved is looked at again, and a fresh one is put back.
  const moved = `${lock}.${randomBytes(6).toString('hex')}`
  await rename(lock, moved).catch(() => undefined)
  if ((await stat(moved).catch(() => null)) === null) return
  if (!(await isStale(moved, now))) await link(moved, lock).catch(() => undefined)
  await rm(moved, { force: true })
}

async function isStale(lock: string, now: number): Promise<boolean> {
  const found = await stat(lock).catch(() => null)
  return found !== null && now - found.mtimeMs > STALE_MS
}
