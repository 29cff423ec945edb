// Binds a listener to a Unix socket. Its permissions are the access control, so they are right from the first moment.

import { chmodSync, chownSync, lstatSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'

export interface SocketPlace {
  readonly path: string
  /** Group that may connect; null for none. */
  readonly gid: number | null
}

/** Only the owner; the group is added when it is the right one. */
const OWNER_MASK = 0o177
const GROUP_MODE = 0o660

/** Rejects if the path cannot be bound. Replaces the socket of a process that has ended; a running node owns the queue. */
export async function bindSocket(server: Server, { path, gid }: SocketPlace, backlog: number): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // The socket is created in this call, and only this thread runs.
    const before = process.umask(OWNER_MASK)
    try {
      server.listen({ path, backlog }, () => {
        server.removeListener('error', reject)
        resolve()
      })
    } finally {
      process.umask(before)
    }
  })
  if (gid === null) return
  chownSync(path, -1, gid)
  chmodSync(path, GROUP_MODE)
}
