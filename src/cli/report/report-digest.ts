// waypost report digest: the weekly digest now, of this node, as text or JSON.

import { providerOf } from '../../alerts/blocked-providers.ts'
import { digestLines } from '../../digest/digest-text.ts'
import { gatherDigest } from '../../digest/gather-digest.ts'
import { json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withQueueReader } from '../queue/with-queue.ts'
import { readNode } from '../status/ask-status.ts'

export interface DigestOptions extends NodePlace {
  /** Unix milliseconds. */
  readonly since: number
  readonly now: number
  readonly json?: boolean
}

export function reportDigest(options: DigestOptions, io: Io): Promise<number> | number {
  return withQueueReader(options, io, async (reader, directory) => {
    const view = await readNode(directory)
    const status = view.state === 'running' ? view.status : null
    const stopped = view.state === 'stopped' || view.state === 'silent' ? view.lastRun?.node : undefined
    const digest = await gatherDigest({
      node: status?.node ?? stopped ?? 'this node',
      from: options.since,
      to: options.now,
      reader,
      status,
      fleet: [],
      providerOf,
    })
    if (options.json) json(io.stdout, digest)
    else for (const text of digestLines(digest)) line(io.stdout, text)
    return OK
  })
}
