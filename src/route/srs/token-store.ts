// The token store of a running node. A disk that is full or fails at the start does not stop the node, which frees space by delivering: the
// store is opened again when it is needed, and until then senders that need a token are deferred.

import type { TokenStore } from './srs-token.ts'
import { openTokenDatabase, type TokenDatabase, type TokenSettings } from './token-database.ts'

export interface NodeTokenStore extends TokenStore {
  /** Opens the store. Null, or the error of a disk that may work later. Throws if an operator must act. */
  open(): Promise<Error | null>
  /** Tokens in the store; 0 while it is not open. */
  readonly size: number
  /** Removes some expired tokens; does nothing while the store is not open. Throws the errors of SQLite. */
  purge(): void
  close(): Promise<void>
}

/** Codes of errors that pass without an operator: no space, or no answer of the disk. */
const passing = /^(?:SQLITE_(?:FULL|IOERR|BUSY)|ENOSPC$|EDQUOT$|EIO$|EMFILE$|ENFILE$)/

/**
 * @param ports.now unix milliseconds
 * @param ports.refused called for each sender that found the store full
 */
export function createTokenStore(
  settings: TokenSettings,
  ports: { readonly now: () => number; readonly refused: () => void },
): NodeTokenStore {
  let opened: TokenDatabase | null = null
  let opening: Promise<TokenDatabase> | null = null
  const database = async (): Promise<TokenDatabase> => {
    if (opened) return opened
    opening ??= openTokenDatabase(settings, ports.now()).finally(() => {
      opening = null
    })
    opened = await opening
    return opened
  }
  return {
    get size() {
      return opened?.size ?? 0
    },
    open: async () => {
      try {
        await database()
        return null
      } catch (error) {
        return passingError(settings.path, error as Error & { code?: unknown })
      }
    },
    keep: async (token, sender, at) => {
      const isKept = await (await database()).keep(token, sender, at)
      if (!isKept) ports.refused()
      return isKept
    },
    find: async (token) => (await database()).find(token),
    purge: () => opened?.purge(ports.now()),
    close: async () => {
      await opening?.catch(() => undefined)
      await opened?.close()
    },
  }
}

function passingError(path: string, error: Error & { code?: unknown }): Error {
  const code = String(error.code)
  if (passing.test(code)) return error
  // An error of the file system, such as EACCES, names the file itself.
  if (!code.startsWith('SQLITE_')) throw error
  throw new Error(`cannot use ${path}: ${error.message}; repair it, or move it away and lose the SRS tokens`)
}
