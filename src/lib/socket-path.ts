// The path of a Unix socket in a form that the kernel takes: an address of a socket holds about 100 octets, a path of the file system more.

import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** sun_path of Linux holds 108 octets with the final zero (unix(7)); other systems have 104. */
const LONGEST_ADDRESS = 103

export interface SocketPath {
  readonly path: string
  /** Call it when the socket is bound or connected. */
  release(): void
}

/** A longer path goes through a descriptor of its directory, which needs /proc. Throws the error of the file system. */
export function socketPath(path: string): SocketPath {
  if (Buffer.byteLength(path) <= LONGEST_ADDRESS) return { path, release: () => undefined }
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  return { path: join(`/proc/self/fd/${directory}`, basename(path)), release: () => closeSync(directory) }
}
