// The front half of commands that read a queue, beside a running node or of a stopped one.

import { queueDirectory } from '../assembly/node-queue.ts'
import { QueueReader } from '../queue/reader.ts'
import { QueueUnavailable } from '../queue/unavailable.ts'
import { FAILED, line } from './io.ts'
import type { Io } from './io.ts'
import { withConfig } from './with-config.ts'

export function withQueueReader(
  config: string,
  io: Io,
  use: (reader: QueueReader) => Promise<number> | number,
): Promise<number> | number {
  return withConfig(config, io, async ({ data }) => {
    let reader: QueueReader
    try {
      reader = new QueueReader(queueDirectory({ data }))
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) throw error
      line(io.stderr, error.message)
      return FAILED
    }
    try {
      return await use(reader)
    } finally {
      reader.close()
    }
  })
}
