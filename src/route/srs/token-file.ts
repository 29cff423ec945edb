// A token store in one file for the few senders that are too long for SRS: one line for each, appended and synced before the message is
// accepted, read whole at the start.

import { open, readFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { replaceFile } from '../../lib/replace-file.ts'
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

interface TokenFileOptions {
  /** Unix milliseconds. */
  readonly at: number
  readonly maxAgeDays: number
  readonly limit?: number
  /** Appends a text; tests replace it. */
  readonly append?: (file: FileHandle, text: string) => Promise<void>
}

/**
 * Opens the file and creates it if missing. Lines older than `maxAgeDays` before `at` are dropped, and so is an incomplete last line. On a
 * full disk the file stays as it is: a node that delivers mail frees space.
 */
export async function openTokenFile(path: string, options: TokenFileOptions): Promise<TokenFile> {
  const kept = await readKept(path, options)
  const isWhole = await rewrite(path, kept).catch(() => false)
  return fileStore(await open(path, 'a', 0o600), kept, { ...options, isTorn: !isWhole })
}

/** True: the file has whole lines. Throws and leaves the old file if the new one cannot be written. */
async function rewrite(path: string, kept: ReadonlyMap<string, Kept>): Promise<true> {
  await replaceFile(path, [...kept].map(([token, entry]) => line(token, entry)).join(''))
  return true
}

/** A read-only store with the same answers, for commands. */
export async function readTokenFile(path: string, options: Omit<TokenFileOptions, 'append'>): Promise<TokenStore> {
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
  options: Omit<TokenFileOptions, 'at'> & { readonly isTorn: boolean },
): TokenFile {
  const { append: appendText = (to: FileHandle, text: string) => to.appendFile(text) } = options
  let writing: Promise<unknown> = Promise.resolve()
  /** A full disk cut off the last line: the next one must not continue it. */
  let isTorn = options.isTorn
  const append = async (token: string, entry: Kept) => {
    const text = `${isTorn ? '\n' : ''}${line(token, entry)}`
    isTorn = true
    await appendText(file, text)
    isTorn = false
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
    // Without an anchor: earlier releases continued a line that a full disk cut off.
    const [, token, at, sender] = /([0-9a-v]{32}) (\d+) ("(?:[^"\\]|\\.)*")$/.exec(each) ?? []
    if (token === undefined || sender === undefined || Number(at) < oldest) continue
    kept.set(token, { sender: JSON.parse(sender) as string, at: Number(at) })
  }
  return kept
}

function absentIsEmpty(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
