// Finds the greylist of a running or stopped node, and prints errors of its file in one line.

import { greylistPath } from '../../wiring/node-paths.ts'
import { FAILED, type Io, line } from '../io.ts'
import { type NodePlace, withDataDirectory } from '../place/node-place.ts'

/** Runs `use` with the path of the file; it need not exist. */
export function withGreylist(
  place: NodePlace,
  io: Io,
  use: (path: string) => Promise<number> | number,
): Promise<number> | number {
  return withDataDirectory(place, io, async (data) => {
    const path = greylistPath({ data })
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
