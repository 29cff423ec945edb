// When the node started and stopped, in a file of its data directory: `waypost status` says it about a node that does not run.

import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { RELEASE } from '../lib/program-version.ts'
import { replaceFile } from '../lib/replace-file.ts'
import { lastRunPath } from '../wiring/node-paths.ts'

const lastRun = z.object({
  node: z.string(),
  role: z.string(),
  release: z.string(),
  /** Unix milliseconds. */
  startedAt: z.number(),
  /** Null while the node runs, and after a kill. */
  stoppedAt: z.number().nullable(),
})

export type LastRun = z.output<typeof lastRun>

/** Null without a readable file. */
export async function readLastRun(data: string): Promise<LastRun | null> {
  try {
    return lastRun.parse(JSON.parse(await readFile(lastRunPath({ data }), 'utf8')))
  } catch {
    return null
  }
}

/** Writes the start, and at the stop its end; returns the run before too. Call it while the node owns its data directory. A file that cannot be written stops no mail. */
export async function keepLastRun(
  config: Config,
  {
    clock,
    log,
    stops,
  }: { readonly clock: Clock; readonly log: Pick<Log, 'warn'>; readonly stops: AsyncDisposableStack },
): Promise<{ readonly startedAt: number; readonly previous: LastRun | null }> {
  const startedAt = clock.now()
  const previous = await readLastRun(config.data)
  const write = async (stoppedAt: number | null) => {
    const run: LastRun = { node: config.hostname, role: config.role.role, release: RELEASE, startedAt, stoppedAt }
    const file = lastRunPath(config)
    await replaceFile(file, `${JSON.stringify(run)}\n`).catch((error: unknown) =>
      log.warn({ file, cause: errorText(error) }, 'the time of the start cannot be written'),
    )
  }
  await write(null)
  stops.defer(() => write(clock.now()))
  return { startedAt, previous }
}
