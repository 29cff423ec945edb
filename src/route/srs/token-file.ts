// A token store in one file for the few senders that are too long for SRS: one line for each, appended and synced before the message is
// accepted, read whole at the start.

import { open, readFile, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { TokenStore } from './srs-token.ts'

/** Invented long senders must not fill the disk; above this limit they are refused, as without a store. */
const TOKEN_LIMIT = 100_000
const DAY = 86_400_000

interface Kept {
  readonly sender: string
  /** Unix milliseconds of the last use. */
  readonly at: number
}

export interface TokenFile extends TokenStore {
  close(): Promise<void>
}

/** Opens the file and creates it if missing. Lines older than `maxAgeDays` before `at` are dropped, and so is an incomplete last line. */
export async function openTokenFile(
  path: string,
  options: { readonly at: number; readonly maxAgeDays: number; readonly limit?: number },
): Promise<TokenFile> {
  const kept = await readKept(path, options)
  const fresh = `${path}.new`
  const written = await open(fresh, 'w', 0o600)
  await written.writeFile([...kept].map(([token, entry]) => line(token, entry)).join(''))
  await written.sync()
  await written.close()
  await rename(fresh, path)
  return fileStore(await open(path, 'a', 0o600), kept, options)
}

/** A read-only store with the same answers, for commands. */
export async function readTokenFile(
  path: string,
  options: { readonly at: number; readonly maxAgeDays: number; readonly limit?: number },
): Promise<TokenStore> {
  const kept = await readKept(path, options)
  return {
    keep: (token) => Promise.resolve(kept.has(token) || kept.size < (options.limit ?? TOKEN_LIMIT)),
    find: (token) => Promise.resolve(kept.get(token)?.sender ?? null),
  }
}

async function readKept(
  path: string,
  options: { readonly at: number; readonly maxAgeDays: number },
): Promise<Map<string, Kept>> {
  return parse(await readFile(path, 'utf8').catch(absentIsEmpty), options.at - (options.maxAgeDays + 1) * DAY)
}

function fileStore(
  file: FileHandle,
  kept: Map<string, Kept>,
  options: { readonly maxAgeDays: number; readonly limit?: number },
): TokenFile {
  let writing: Promise<unknown> = Promise.resolve()
  const append = async (token: string, entry: Kept) => {
    await file.appendFile(line(token, entry))
    await file.datasync()
  }
  return {
    async keep(token, sender, at) {
      const known = kept.get(token)
      // A sender is written once a day.
      if (known && at - known.at < DAY) return true
      if (!known && kept.size >= (options.limit ?? TOKEN_LIMIT)) {
        for (const [old, entry] of kept) if (at - entry.at > (options.maxAgeDays + 1) * DAY) kept.delete(old)
        if (kept.size >= (options.limit ?? TOKEN_LIMIT)) return false
      }
      const entry = { sender, at }
      writing = writing.catch(() => undefined).then(() => append(token, entry))
      await writing
      kept.set(token, entry)
      return true
    },
    find: (token) => Promise.resolve(kept.get(token)?.sender ?? null),
    close: async () => {
      await writing.catch(() => undefined)
      await file.close()
    },
  }
}

function line(token: string, entry: Kept): string {
  return `${token} ${entry.at} ${JSON.stringify(entry.sender)}\n`
}

function parse(text: string, oldest: number): Map<string, Kept> {
  const kept = new Map<string, Kept>()
  for (const each of text.split('\n')) {
    const [, token, at, sender] = /^([0-9a-v]{32}) (\d+) ("(?:[^"\\]|\\.)*")$/.exec(each) ?? []
    if (token === undefined || sender === undefined || Number(at) < oldest) continue
    kept.set(token, { sender: JSON.parse(sender) as string, at: Number(at) })
  }
  return kept
}

function absentIsEmpty(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
