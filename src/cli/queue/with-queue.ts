// The first half of the commands about the queue of a running or stopped node: finds the data directory and opens the queue.

import { queueDirectory } from '../../wiring/node-paths.ts'
import type { Config } from '../../config/config.ts'
import { commandClock } from '../../lib/clock.ts'
import type { QueueControl } from '../../queue/contract/queue-control.ts'
import type { QueueReader } from '../../queue/contract/queue-reader.ts'
import { type Closable, openQueueControl, openQueueReader } from '../../queue/sqlite/direct-access.ts'
import { asUnavailable } from '../../queue/contract/queue-unavailable.ts'
import { FAILED, line } from '../io.ts'
import type { Io } from '../io.ts'
import { actingNote } from '../place/act-as-owner.ts'
import { type NodePlace, withDataDirectory } from '../place/node-place.ts'
import { withConfig } from '../with-config.ts'

type Use<T> = (queue: T, directory: string) => Promise<number> | number

/** Runs `use` with a read-only queue. */
export function withQueueReader(place: NodePlace, io: Io, use: Use<QueueReader>): Promise<number> | number {
  return withQueueOf<QueueReader & Closable>(place, io, {
    open: (directory) => openQueueReader(directory, commandClock),
    use,
  })
}

/** Runs `use` with a queue that it may change. */
export function withQueueControl(place: NodePlace, io: Io, use: Use<QueueControl>): Promise<number> | number {
  return withQueueOf<QueueControl & Closable>(place, io, {
    open: (directory) => openQueueControl(directory, commandClock),
    use,
  })
}

function withQueueOf<T extends Closable>(
  place: NodePlace,
  io: Io,
  queue: { readonly open: (directory: string) => T; readonly use: Use<T> },
): Promise<number> | number {
  return withQueueFolder(place, io, async (directory) => {
    const open = queue.open(directory)
    try {
      return await queue.use(open, directory)
    } finally {
      open.close()
    }
  })
}

/** Runs `use` with the queue directory; needs only the data directory. */
export function withQueueFolder(
  place: NodePlace,
  io: Io,
  use: (directory: string) => Promise<number>,
): Promise<number> | number {
  return withDataDirectory(place, io, (data) => printQueueErrors({ data }, io, use))
}

/** Runs `use` with the queue directory and the configuration of the node. */
export function withQueueDirectory(
  config: string,
  io: Io,
  use: (directory: string, config: Config) => Promise<number>,
): Promise<number> | number {
  return withConfig(config, io, (found) => printQueueErrors(found, io, (directory) => use(directory, found)))
}

/** Prints errors of the queue in one line. Damage may appear only while the database is read, as an error of SQLite. */
async function printQueueErrors(
  config: Pick<Config, 'data'>,
  io: Io,
  work: (directory: string) => Promise<number>,
): Promise<number> {
  const directory = queueDirectory(config)
  try {
    return await work(directory)
  } catch (error) {
    const unavailable = asUnavailable(error)
    if (!unavailable) throw error
    line(io.stderr, unavailable === error ? unavailable.message : `${directory}: ${unavailable.message}`)
    // A place that root can use, and the user of the node cannot.
    if (unavailable.message.includes('EACCES') && actingNote() !== '') line(io.stderr, actingNote())
    return FAILED
  }
}
