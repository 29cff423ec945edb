// When and from where each credential was last used: app passwords, certificates of users, keys of machines. Each kind has its file in the
// data directory of the node; a login only changes the memory.

import { readFile } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import { replaceFile } from '../lib/replace-file.ts'
import type { LastUseNotes } from './authenticator.ts'

export interface LastUse {
  /** Unix milliseconds, whole seconds. */
  readonly at: number
  /** `unknown` after the time of `privacy.forget.accounts`. */
  readonly ip: string
}

/** One credential of an identity. */
export interface Credential {
  readonly label: string
  /** Unix milliseconds; 0 if not known. */
  readonly created: number
}

export interface LastUses extends LastUseNotes {
  /** Null if it was never used since it exists. */
  last(identity: string, credential: Credential): LastUse | null
}

export interface LastUsesFile extends LastUses {
  /** Writes the file if something has changed. Rejects with the error of the disk; the file stays as it was. */
  save(): Promise<void>
  /** Forgets the addresses of uses before this time, unix milliseconds. The times stay: they show what no one uses any more. */
  forget(before: number): void
  /** Forgets the credentials of an identity. False if none was known. */
  erase(identity: string): boolean
}

/** Credentials that are remembered; the one used longest ago is dropped first. Some ten megabytes. */
const MOST_REMEMBERED = 100_000
/** In place of an address. */
const FORGOTTEN = 'unknown'
/** Unix seconds, address, label, user: none of them contains white space. */
const form = /^(\d{1,11}) (\S{1,64}) (\S+) (\S+)$/

/** Reads the file, which may be missing; damaged lines are ignored. Rejects with the error of the file system. */
export async function openLastUses(path: string, clock: Pick<Clock, 'now'>): Promise<LastUsesFile> {
  const uses = parse(await readFile(path, 'utf8').catch(absentIsEmpty))
  let isChanged = false
  return {
    note: (identity, label, ip) => {
      const key = `${label} ${identity}`
      uses.delete(key)
      uses.set(key, { at: Math.floor(clock.now() / 1000) * 1000, ip })
      const [oldest] = uses.keys()
      if (uses.size > MOST_REMEMBERED && oldest !== undefined) uses.delete(oldest)
      isChanged = true
    },
    last: (identity, { label, created }) => {
      const use = uses.get(`${label} ${identity}`)
      // A new credential can have the label of a removed one.
      return use === undefined || use.at < created ? null : use
    },
    forget: (before) => {
      for (const [key, { at, ip }] of Array.from(uses)) {
        if (at >= before || ip === FORGOTTEN) continue
        uses.set(key, { at, ip: FORGOTTEN })
        isChanged = true
      }
    },
    erase: (identity) => {
      const keys = [...uses.keys()].filter((key) => key.slice(key.indexOf(' ') + 1) === identity)
      for (const key of keys) uses.delete(key)
      isChanged ||= keys.length > 0
      return keys.length > 0
    },
    save: async () => {
      if (!isChanged) return
      isChanged = false
      const text = [...uses].map(([key, { at, ip }]) => `${at / 1000} ${ip} ${key}\n`).join('')
      await replaceFile(path, text).catch((error: unknown) => {
        isChanged = true
        throw error
      })
    },
  }
}

function parse(text: string): Map<string, LastUse> {
  const read = text.split('\n').flatMap((line) => {
    const [, seconds, ip, label, user] = form.exec(line) ?? []
    return ip === undefined ? [] : [[`${label} ${user}`, { at: Number(seconds) * 1000, ip }] as const]
  })
  return new Map(read.slice(-MOST_REMEMBERED))
}

function absentIsEmpty(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
