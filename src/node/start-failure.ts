// Why a node cannot start, at the key that is concerned, with what the operator can do.

import type { Config } from '../config/config.ts'
import type { Path, Problem } from '../config/problem.ts'
import { QueueUnavailable } from '../queue/contract/queue-unavailable.ts'

/** A part of the node that cannot start. `path` is the key that is concerned. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure'
  readonly path: Path

  constructor(path: Path, message: string, cause: unknown) {
    super(message, { cause })
    this.path = path
  }
}

/** Runs a step of the start that uses the data directory. */
export async function inDataDirectory<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof QueueUnavailable || isSystemError(error))
      throw new StartFailure(['data'], `data: ${error.message}`, error)
    throw error
  }
}

/** The problem that ends the start. */
export function startProblem(config: Pick<Config, 'file' | 'at'>, error: unknown): Problem {
  if (!(error instanceof StartFailure)) {
    const message = `the node cannot start: ${error instanceof Error ? error.message : String(error)}`
    return { file: config.file, line: 1, column: 1, message }
  }
  const remedy = remedyFor(error)
  return {
    ...config.at(error.path, ''),
    message: `the node cannot start: ${error.message}${remedy === null ? '' : `; ${remedy}`}`,
  }
}

/** Ports below this one need a capability (ip(7), ip_unprivileged_port_start). */
const FIRST_FREE_PORT = 1024

/** What the operator can do, by the error of the system; null if the message says it. */
function remedyFor({ path, cause, message }: StartFailure): string | null {
  const code = isSystemError(cause) ? cause.code : /\b(E[A-Z]{3,})\b/.exec(message)?.[1]
  if (path[0] === 'data') return dataRemedy(code)
  const port = isSystemError(cause) ? (cause as { readonly port?: number }).port : undefined
  switch (code) {
    case 'EACCES':
      return port === undefined || port < FIRST_FREE_PORT
        ? 'ports below 1024 need the capability CAP_NET_BIND_SERVICE, which deploy/waypost.service grants: start the node with systemctl, or set AmbientCapabilities=CAP_NET_BIND_SERVICE in your unit'
        : 'the system does not permit this port; look for a rule of SELinux or AppArmor'
    case 'EADDRINUSE':
      return `another program listens there: ss -ltnp 'sport = :${port ?? 'PORT'}' names it; stop it, or change the port`
    case 'EADDRNOTAVAIL':
      return 'this host does not have the address: ip address lists those it has'
    default:
      return null
  }
}

function dataRemedy(code: string | undefined): string | null {
  const uid = process.getuid?.() ?? 'unknown'
  if (code === 'EACCES' || code === 'EPERM' || code === 'SQLITE_CANTOPEN' || code === 'SQLITE_READONLY')
    return `the node runs as uid ${uid}, who must own the directory and every file in it`
  if (code === 'EROFS')
    return 'the file system is read-only; with systemd, the unit must permit the directory (ReadWritePaths or StateDirectory)'
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EEXIST')
    return 'the directory cannot be created there; choose another one'
  return null
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'
}
