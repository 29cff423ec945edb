// Where a command finds the state of a node: the data directory of the command line, or the one that the node's YAML names.

import { resolve } from 'node:path'
import { type DataKey, readDataKey } from '../../config/data-key.ts'
import { formatProblem } from '../../config/problem.ts'
import { line, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { actAsOwner, UnsafeDirectory } from './act-as-owner.ts'

export interface NodePlace {
  /** The node's YAML. */
  readonly config: string
  /** The data directory; then the YAML is not read. */
  readonly data?: string | undefined
}

/** Runs `use` with the data directory, as its owner. The YAML may have any error that leaves `data` readable. */
export function withDataDirectory(
  place: NodePlace,
  io: Io,
  use: (data: string) => Promise<number> | number,
): Promise<number> | number {
  const found = findDataDirectory(place)
  if (found.kind === 'ok') return asOwnerOf(found.data, io, () => use(found.data))
  for (const problem of found.problems) line(io.stderr, formatProblem(problem))
  line(io.stderr, 'the command needs only the data directory: name it with --data DIRECTORY')
  return USAGE
}

/** The absolute path of the data directory, or why it is unknown. */
export function findDataDirectory({ config, data }: NodePlace): DataKey {
  return data === undefined ? readDataKey(config) : { kind: 'ok', data: resolve(data) }
}

/** Runs `use` as the owner of the data directory that the YAML names; as the caller if it names none. */
export function asOwnerOfNode(config: string, io: Io, use: () => Promise<number> | number): Promise<number> | number {
  const found = readDataKey(config)
  return found.kind === 'ok' ? asOwnerOf(found.data, io, use) : use()
}

/** Runs `use` as the owner of a directory, or prints why root must not work there. */
export function asOwnerOf(directory: string, io: Io, use: () => Promise<number> | number): Promise<number> | number {
  try {
    actAsOwner(directory)
  } catch (error) {
    if (!(error instanceof UnsafeDirectory)) throw error
    line(io.stderr, error.message)
    return USAGE
  }
  return use()
}
