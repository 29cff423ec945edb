// Waits until the files of a reload are written: a program that writes them may be halfway.

import { stat } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'

/** A file that changed longer ago is complete: programs write the next part within less time. */
const RECENT_MS = 1000
/** Time without a change after which files are read. */
const SETTLE_MS = 250
/** Longest wait: a file that changes for longer is written all the time. */
const MOST_MS = 10_000

/** Resolves when no file that changed within the last second has changed for a quarter of one. */
export async function untilSettled(files: readonly string[], clock: Clock): Promise<void> {
  const end = clock.monotonic() + MOST_MS
  let before = await recentChanges(files, clock)
  while (before !== '' && clock.monotonic() < end) {
    await clock.sleep(SETTLE_MS)
    const now = await recentChanges(files, clock)
    if (now === before) return
    before = now
  }
}

/** Files that changed just now, with what a write changes; empty if there are none. */
async function recentChanges(files: readonly string[], clock: Clock): Promise<string> {
  const now = clock.now()
  const facts = files.map(async (file) => {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file).catch(() => ABSENT)
    // A file system with another clock than this host: nothing can be said about it.
    return Math.abs(now - ctimeMs) > RECENT_MS ? '' : [file, ino, size, mtimeMs, ctimeMs].join(' ')
  })
  return (await Promise.all(facts)).filter((one) => one !== '').join('\n')
}

const ABSENT = { ino: 0, size: 0, mtimeMs: 0, ctimeMs: 0 }
