// Finds a file of state of a running or stopped node, and prints errors of the file in one line.

import { FAILED, type Io, line } from '../io.ts'
import { type NodePlace, withDataDirectory } from './node-place.ts'

interface StateFilePorts {
  readonly io: Io
  readonly pathOf: (node: { readonly data: string }) => string
}

/** Runs `use` with the path of the file; it need not exist. */
export function withStateFile(
  place: NodePlace,
  { io, pathOf }: StateFilePorts,
  use: (path: string) => Promise<number> | number,
): Promise<number> | number {
  return withDataDirectory(place, io, async (data) => {
    const path = pathOf({ data })
    try {
      return await use(path)
    } catch (error) {
      const { code, message } = error as { readonly code?: unknown; readonly message: string }
      if (typeof code !== 'string') throw error
      line(io.stderr, `${path}: ${message}`)
      return FAILED
    }
  })
}
