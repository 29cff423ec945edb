// Looks at files every few seconds and tells when any of them changed, came or went. Polling, because it works on every file system
// and through the renames of editors and configuration management alike.

import { stat } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'

export interface WatchSettings {
  /** What to look at now; may change with every reload. Directories count by their own change time. */
  readonly files: () => readonly string[]
  /** Called after a change, never twice at once. */
  readonly changed: () => Promise<void>
  readonly clock: Clock
  /** When the first reading began, unix milliseconds: what has changed since may not be in it. */
  readonly since: number
}

/** Soon enough for a person who changed an alias, rare enough to cost nothing. */
export const LOOK_EVERY_MS = 2000

/** Watches until `close`. A change is told once the files have been still for one look, so that half-written sets are not read. */
export async function watchFiles(settings: WatchSettings): Promise<{ close(): void }> {
  const { clock, files, changed, since } = settings
  const stopped = new AbortController()
  let known = await fingerprints(files(), since)
  let pending: Fingerprints | null = null
  const look = async () => {
    const now = await fingerprints(files())
    if (isSame(now, known)) pending = null
    else if (!pending || !isSame(now, pending)) pending = now
    else {
      pending = null
      await changed()
      // What changed while all was read may have been read before: only of files that are new to the list the state of now counts.
      known = new Map([...(await fingerprints(files()))].map(([file, after]) => [file, now.get(file) ?? after]))
    }
  }
  const run = async () => {
    while (!stopped.signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, stopped.signal)
      await look()
    }
  }
  // The only way out is the abort: neither look nor changed rejects.
  run().catch(() => undefined)
  return { close: () => stopped.abort(new Error('closed')) }
}

/** By file. */
type Fingerprints = ReadonlyMap<string, string>

async function fingerprints(files: readonly string[], since = Infinity): Promise<Fingerprints> {
  return new Map(await Promise.all(files.map(async (file) => [file, await fingerprint(file, since)] as const)))
}

function isSame(one: Fingerprints, other: Fingerprints): boolean {
  return one.size === other.size && [...one].every(([file, print]) => other.get(file) === print)
}

/** Changes with every rewrite: a rename gives another inode, an edit another time. */
async function fingerprint(file: string, since: number): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file)
    if (ctimeMs > since) return 'newer'
    return [ino, size, mtimeMs, ctimeMs].join()
  } catch {
    return 'absent'
  }
}
