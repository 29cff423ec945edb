// From where and how each person has logged in lately, and which attempts failed. The file is in the data directory of the node; a login
// only changes the memory.

import { readFile } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import { replaceFile } from '../lib/replace-file.ts'

export interface LoginSource {
  readonly ip: string
  /** The listener, or `page`. */
  readonly listener: string
  /** `password`, `app LABEL`, `certificate`, `token`. */
  readonly way: string
  /** As the client names itself; empty if it does not. Anyone can write anything there. */
  readonly client: string
}

/** Logins that differ in their time only are one row. */
export interface LoginRow extends LoginSource {
  /** Unix milliseconds. */
  readonly last: number
  readonly first: number
  readonly count: number
}

export interface FailureRow {
  readonly ip: string
  readonly listener: string
  readonly last: number
  readonly count: number
}

export interface PersonHistory {
  /** The newest first. */
  readonly logins: readonly LoginRow[]
  readonly failures: readonly FailureRow[]
}

export interface LoginNotes {
  /** @param identity in the form of `identityOf`, of a user that exists */
  succeeded(identity: string, source: LoginSource): void
  failed(identity: string, source: Pick<LoginSource, 'ip' | 'listener'>): void
}

export interface LoginHistory extends LoginNotes {
  of(identity: string): PersonHistory
}

export interface LoginHistoryFile extends LoginHistory {
  /** Writes the file if something has changed. Rejects with the error of the disk; the file stays as it was. */
  save(): Promise<void>
  /** Forgets logins and failures before this time, unix milliseconds. */
  forget(before: number): void
  /** Forgets a person. False if nothing was known. */
  erase(identity: string): boolean
}

/** The person whose row changed longest ago is dropped first. With all rows full some 30 MB. */
const MOST_PEOPLE = 10_000
/** Clients of one person; the one seen longest ago is dropped first. */
const MOST_ROWS = 20
const MOST_FAILURES = 10
const MOST_CLIENT_LENGTH = 64
/** Lines that are written in one turn of the event loop: about a millisecond. */
const LINES_OF_TURN = 200
const NOTHING: PersonHistory = { logins: [], failures: [] }

/** Reads the file, which may be missing; damaged lines are ignored. Rejects with the error of the file system. */
export async function openLoginHistory(path: string, clock: Pick<Clock, 'now'>): Promise<LoginHistoryFile> {
  const people = parse(await readFile(path, 'utf8').catch(absentIsEmpty))
  let isChanged = false
  const put = (identity: string, history: PersonHistory) => {
    people.delete(identity)
    people.set(identity, history)
    const [oldest] = people.keys()
    if (people.size > MOST_PEOPLE && oldest !== undefined) people.delete(oldest)
    isChanged = true
  }
  return {
    of: (identity) => people.get(identity) ?? NOTHING,
    succeeded: (identity, source) => {
      const { logins, failures } = people.get(identity) ?? NOTHING
      const client = source.client.slice(0, MOST_CLIENT_LENGTH)
      const isSame = (row: LoginSource) =>
        row.ip === source.ip && row.listener === source.listener && row.way === source.way && row.client === client
      const { ip, listener, way } = source
      const row = addTo(logins.find(isSame) ?? { ip, listener, way, client }, clock.now())
      put(identity, { logins: [row, ...logins.filter((one) => !isSame(one))].slice(0, MOST_ROWS), failures })
    },
    failed: (identity, { ip, listener }) => {
      const { logins, failures } = people.get(identity) ?? NOTHING
      const isSame = (row: FailureRow) => row.ip === ip && row.listener === listener
      const row = addTo(failures.find(isSame) ?? { ip, listener }, clock.now())
      put(identity, { logins, failures: [row, ...failures.filter((one) => !isSame(one))].slice(0, MOST_FAILURES) })
    },
    forget: (before) => {
      for (const [identity, { logins, failures }] of Array.from(people)) {
        const kept = {
          logins: logins.filter(({ last }) => last >= before),
          failures: failures.filter(({ last }) => last >= before),
        }
        if (kept.logins.length === logins.length && kept.failures.length === failures.length) continue
        isChanged = true
        if (kept.logins.length + kept.failures.length === 0) people.delete(identity)
        else people.set(identity, kept)
      }
    },
    erase: (identity) => {
      const isKnown = people.delete(identity)
      isChanged ||= isKnown
      return isKnown
    },
    save: async () => {
      if (!isChanged) return
      isChanged = false
      await replaceFile(path, await written(people)).catch((error: unknown) => {
        isChanged = true
        throw error
      })
    },
  }
}

function addTo<Row extends object>(row: Row & { readonly first?: number; readonly count?: number }, now: number) {
  const at = Math.floor(now / 1000) * 1000
  return { ...row, first: row.first ?? at, last: at, count: (row.count ?? 0) + 1 }
}

async function written(people: ReadonlyMap<string, PersonHistory>): Promise<string> {
  const lines: string[] = []
  for (const [user, history] of Array.from(people)) {
    lines.push(`${JSON.stringify({ user, ...history })}\n`)
    if (lines.length % LINES_OF_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return lines.join('')
}

function parse(text: string): Map<string, PersonHistory> {
  const read = text.split('\n').flatMap((line) => readLine(line))
  return new Map(read.slice(-MOST_PEOPLE))
}

function readLine(line: string): [string, PersonHistory][] {
  try {
    const { user, logins, failures } = JSON.parse(line) as PersonHistory & { readonly user: string }
    if (typeof user !== 'string' || !Array.isArray(logins) || !Array.isArray(failures)) return []
    const texts = ['ip', 'listener', 'way', 'client']
    return [
      [
        user,
        {
          logins: logins.filter((row: unknown) => isRow(row, texts)).slice(0, MOST_ROWS) as LoginRow[],
          failures: failures
            .filter((row: unknown) => isRow(row, texts.slice(0, 2)))
            .slice(0, MOST_FAILURES) as FailureRow[],
        },
      ],
    ]
  } catch {
    return []
  }
}

function isRow(row: unknown, texts: readonly string[]): boolean {
  if (typeof row !== 'object' || row === null) return false
  const fields = row as Readonly<Record<string, unknown>>
  return (
    texts.every((name) => typeof fields[name] === 'string') &&
    ['first', 'last', 'count'].every((name) => Number.isFinite(fields[name]))
  )
}

function absentIsEmpty(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
