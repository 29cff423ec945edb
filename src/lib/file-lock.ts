// A lock beside a file that several processes rewrite: `FILE.lock`, as dovecot and mail programs use it. It is held for milliseconds; one of
// a process that was killed is removed after a minute.

import { randomBytes } from 'node:crypto'
import { link, open, rename, rm, stat } from 'node:fs/promises'
import type { Clock } from './clock.ts'

/** Longest wait for the lock, ms. */
const WAIT_MS = 10_000
/** Pause between two attempts, ms. */
const RETRY_MS = 20
/** No process needs a lock for that long, ms. */
const STALE_MS = 60_000

/** Runs `work` while no other holder of the lock does. Rejects if another process keeps the lock, and with the error of `work`. */
export async function withFileLock<T>(
  file: string,
  clock: Pick<Clock, 'monotonic' | 'now' | 'sleep'>,
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
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
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
