// Polls files and calls back when one of them has changed, appeared or disappeared. Polling works on every file system and through the
// renames of editors and configuration management.

import { stat } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'

export interface WatchSettings {
  /** The files to watch now; a reload may change the list. A directory counts as changed when an entry is added or removed. */
  readonly files: () => readonly string[]
  /** Called after a change, never twice at the same time. Must not reject. */
  readonly changed: () => Promise<void>
  readonly clock: Clock
  /** When reading the files first began, Unix milliseconds: what has changed since then may not have been read. */
  readonly since: number
  /** Polling interval; POLL_MS by default. */
  readonly pollMs?: number
}

/** Polling interval: fast enough for an operator who has changed an alias, and without noticeable cost. */
export const POLL_MS = 2000

/** Watches until `close`. A change is reported when no file has changed for one interval, so that half-written sets are not read. */
export async function watchFiles(settings: WatchSettings): Promise<{ close(): void }> {
  const { clock, files, changed, since, pollMs = POLL_MS } = settings
  const stopped = new AbortController()
  let known = await fingerprints(files(), since)
  let pending: Fingerprints | null = null
  const poll = async () => {
    const now = await fingerprints(files())
    if (isSame(now, known)) pending = null
    else if (!pending || !isSame(now, pending)) pending = now
    else {
      pending = null
      await changed()
      // A file that changed during the reload may have been read before its change, so its fingerprint is the earlier one. Only files that
      // are new in the list have no earlier one.
      known = new Map([...(await fingerprints(files()))].map(([file, after]) => [file, now.get(file) ?? after]))
    }
  }
  const run = async () => {
    while (!stopped.signal.aborted) {
      await clock.sleep(pollMs, stopped.signal)
      await poll()
    }
  }
  // Only the abort rejects.
  run().catch(() => undefined)
  return { close: () => stopped.abort(new Error('closed')) }
}

/** Fingerprint by file. */
type Fingerprints = ReadonlyMap<string, string>

async function fingerprints(files: readonly string[], since = Infinity): Promise<Fingerprints> {
  return new Map(await Promise.all(files.map(async (file) => [file, await fingerprint(file, since)] as const)))
}

function isSame(one: Fingerprints, other: Fingerprints): boolean {
  return one.size === other.size && [...one].every(([file, print]) => other.get(file) === print)
}

/** Differs after every rewrite: a rename changes the inode, an edit changes the times. */
async function fingerprint(file: string, since: number): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file)
    if (ctimeMs > since) return 'newer'
    return [ino, size, mtimeMs, ctimeMs].join()
  } catch {
    return 'absent'
  }
}
