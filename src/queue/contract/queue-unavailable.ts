// The error of a queue that cannot do an operation now; nothing of the operation is in the database. Callers reply 452 4.3.1 for `full` and
// 451 4.3.0 for the rest.

export type UnavailableCause =
  /** No space: 452 4.3.1. */
  | 'full'
  /** I/O error, read-only, locked for too long, or the engine ended: 451 4.3.0. */
  | 'failing'
  /** The database is damaged: 451 4.3.0, and an operator must repair it. */
  | 'corrupt'
  /** Written by a newer release of this program; only at open. */
  | 'newer'
  /** Another process owns it; only at open. */
  | 'owned'
  /** The queue was closed. */
  | 'closed'

export class QueueUnavailable extends Error {
  readonly kind = 'queue-unavailable'
  override readonly name = 'QueueUnavailable'
  override readonly cause: UnavailableCause

  constructor(cause: UnavailableCause, message: string) {
    super(message)
    this.cause = cause
  }
}

/** The same as data, which can pass between threads. */
export type StorageFailure = Pick<QueueUnavailable, 'cause' | 'message'>

/** Prefixes of SQLite's result codes that blame the engine, not the operation. */
const engineCodes: readonly (readonly [prefix: string, cause: UnavailableCause])[] = [
  ['SQLITE_FULL', 'full'],
  ['SQLITE_CORRUPT', 'corrupt'],
  ['SQLITE_NOTADB', 'corrupt'],
  // The shared memory of the WAL is a file that cannot grow.
  ['SQLITE_IOERR_SHMSIZE', 'full'],
  ['SQLITE_IOERR', 'failing'],
  ['SQLITE_BUSY', 'failing'],
  ['SQLITE_LOCKED', 'failing'],
  ['SQLITE_READONLY', 'failing'],
  ['SQLITE_CANTOPEN', 'failing'],
  ['SQLITE_NOMEM', 'failing'],
  ['SQLITE_PERM', 'failing'],
  ['SQLITE_PROTOCOL', 'failing'],
]

const systemCodes: Record<string, UnavailableCause> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EROFS: 'failing',
  EIO: 'failing',
  EACCES: 'failing',
  EPERM: 'failing',
  ENOTDIR: 'failing',
  EMFILE: 'failing',
  ENFILE: 'failing',
}

/** The error as QueueUnavailable if the engine or the disk failed; null if the operation is wrong. */
export function asUnavailable(error: unknown): QueueUnavailable | null {
  if (error instanceof QueueUnavailable) return error
  if (!(error instanceof Error)) return null
  const code = (error as { code?: unknown }).code
  if (typeof code !== 'string') return null
  const cause = engineCodes.find(([prefix]) => code.startsWith(prefix))?.[1] ?? systemCodes[code]
  return cause ? new QueueUnavailable(cause, `${code}: ${error.message}`) : null
}
