// The front half of commands that read or steer a queue, beside a running node or of a stopped one.

import { queueDirectory } from '../../wiring/node-paths.ts'
import type { Config } from '../../config/config.ts'
import { DirectQueueReader } from '../../queue/sqlite/sqlite-queue-reader.ts'
import { DirectControl } from '../../queue/sqlite/direct-control.ts'
import { asUnavailable } from '../../queue/contract/queue-unavailable.ts'
import { actAsOwner } from './act-as-owner.ts'
import { FAILED, line } from '../io.ts'
import type { Io } from '../io.ts'
import { withConfig } from '../with-config.ts'

type Use<T> = (queue: T, directory: string) => Promise<number> | number

/** Runs `use` with a queue that is only read. */
export function withQueueReader(config: string, io: Io, use: Use<DirectQueueReader>): Promise<number> | number {
  return withQueueOf(config, io, { open: (directory) => new DirectQueueReader(directory), use })
}

/** Runs `use` with a queue that is steered. */
export function withQueueControl(config: string, io: Io, use: Use<DirectControl>): Promise<number> | number {
  const open = (directory: string) => {
    actAsOwner(directory)
    return new DirectControl(directory, () => Date.now())
  }
  return withQueueOf(config, io, { open, use })
}

function withQueueOf<T extends { close(): void }>(
  config: string,
  io: Io,
  queue: { readonly open: (directory: string) => T; readonly use: Use<T> },
): Promise<number> | number {
  return withConfig(config, io, (found) =>
    explained(found, io, async (directory) => {
      const open = queue.open(directory)
      try {
        return await queue.use(open, directory)
      } finally {
        open.close()
      }
    }),
  )
}

/** Runs `use` with the node's configuration and the place of its queue. */
export function withQueueDirectory(
  config: string,
  io: Io,
  use: (directory: string, config: Config) => Promise<number>,
): Promise<number> | number {
  return withConfig(config, io, (found) => explained(found, io, (directory) => use(directory, found)))
}

/** What the queue cannot do now is said in words. A damaged page is met only when it is read, as an error of the engine. */
async function explained(config: Config, io: Io, work: (directory: string) => Promise<number>): Promise<number> {
  const directory = queueDirectory(config)
  try {
    return await work(directory)
  } catch (error) {
    const unavailable = asUnavailable(error)
    if (!unavailable) throw error
    line(io.stderr, unavailable === error ? unavailable.message : `${directory}: ${unavailable.message}`)
    return FAILED
  }
}
