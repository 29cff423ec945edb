// The front half of commands that read a queue, beside a running node or of a stopped one.

import { queueDirectory } from '../assembly/node-queue.ts'
import { QueueReader } from '../queue/reader.ts'
import { asUnavailable } from '../queue/unavailable.ts'
import { FAILED, line } from './io.ts'
import type { Io } from './io.ts'
import { withConfig } from './with-config.ts'

export function withQueueReader(
  config: string,
  io: Io,
  use: (reader: QueueReader) => Promise<number> | number,
): Promise<number> | number {
  return withConfig(config, io, async ({ data }) => {
    const directory = queueDirectory({ data })
    let reader: QueueReader | null = null
    try {
      reader = new QueueReader(directory)
      return await use(reader)
    } catch (error) {
      // A damaged page is met only when it is read.
      const unavailable = asUnavailable(error)
      if (!unavailable) throw error
      line(io.stderr, unavailable === error ? unavailable.message : `${directory}: ${unavailable.message}`)
      return FAILED
    } finally {
      reader?.close()
    }
  })
}
