// Keeps what was read from a file up to date: looks at the file every few seconds and reads it again when it changed.
// A version with problems is reported and not used; the last good one stays.

import { stat } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'

export interface Watched<T> {
  /** The last good version. */
  readonly current: () => T
  /** Looks now; resolves with true if a new version is in use. */
  readonly refresh: () => Promise<boolean>
  readonly close: () => void
}

export interface WatchSettings<T> {
  readonly file: string
  readonly first: T
  readonly load: () => Promise<T>
  readonly isGood: (version: T) => boolean
  /** Told of each version once, good or bad. */
  readonly report: (version: T, used: boolean) => void
  readonly clock: Clock
  readonly everyMs?: number
}

/** Soon enough for a person who changed a password, rare enough to cost nothing. */
const EVERY_MS = 5000

export async function watchFile<T>(settings: WatchSettings<T>): Promise<Watched<T>> {
  const stopped = new AbortController()
  let current = settings.first
  let seen = await fingerprint(settings.file)
  const refresh = async (): Promise<boolean> => {
    const now = await fingerprint(settings.file)
    if (now === seen) return false
    const version = await settings.load()
    seen = now
    const good = settings.isGood(version)
    if (good) current = version
    settings.report(version, good)
    return good
  }
  const run = async () => {
    while (!stopped.signal.aborted) {
      await settings.clock.sleep(settings.everyMs ?? EVERY_MS, stopped.signal)
      await refresh()
    }
  }
  // The only way out is the abort: load() and report() do not throw.
  run().catch(() => {})
  return { current: () => current, refresh, close: () => stopped.abort(new Error('closed')) }
}

/** Changes with every rewrite: a rename gives another inode, an edit another time. */
async function fingerprint(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file)
    return [ino, size, mtimeMs, ctimeMs].join()
  } catch {
    return 'absent'
  }
}
