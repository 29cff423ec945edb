// The clients from which each account has logged in during the last month. They are kept on disk: without them a restart during an attack
// would lock every user out.

import { readFile } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import { siteNetwork } from '../lib/ip-address.ts'
import { replaceFile } from '../lib/replace-file.ts'

export interface KnownClients {
  /** @param client as of `clientNetwork` */
  has(account: string, client: string): boolean
  add(account: string, client: string): void
  /** Whether any account has logged in from this client, or from a client of this site. @param network as of `clientNetwork` or `siteNetwork` */
  holds(network: string): boolean
}

export interface KnownClientsFile extends KnownClients {
  /** Writes the file if something has changed. Rejects with the error of the disk; the file stays as it was. */
  save(): Promise<void>
  /** Forgets clients from which no one has logged in since this time, unix milliseconds, or for a month. */
  forget(before: number): void
  /** Forgets the clients of an account. False if none was known. */
  erase(account: string): boolean
}

const DAY_MS = 24 * 60 * 60 * 1000
/** Days for which a client stays known after the last login from it. */
const KNOWN_DAYS = 30
/** Pairs of account and client; the least recently used are dropped first. Some ten megabytes. */
const MOST_PAIRS = 100_000
/** Day of the last login since 1970, client, account. An account contains no white space (passwd-line.ts, directory-people.ts). */
const form = /^(\d{1,6}) (\S+) (\S+)$/

/** In memory only. */
export function createKnownClients(clock: Pick<Clock, 'now'>): KnownClients {
  return tableOf(clock, new Map()).table
}

/** Reads the file, which may be missing; lines that are damaged or too old are ignored. Rejects with the error of the file system. */
export async function openKnownClients(path: string, clock: Pick<Clock, 'now'>): Promise<KnownClientsFile> {
  const days = parse(await readFile(path, 'utf8').catch(absentIsEmpty))
  const { table, remove } = tableOf(clock, days)
  let saved = textOf(days)
  return {
    ...table,
    forget: (before) => {
      const first = Math.max(Math.floor(before / DAY_MS), Math.floor(clock.now() / DAY_MS) - KNOWN_DAYS)
      for (const [pair, day] of Array.from(days)) if (day < first) remove(pair)
    },
    erase: (account) => {
      const pairs = [...days.keys()].filter((pair) => pair.slice(pair.indexOf(' ') + 1) === account)
      for (const pair of pairs) remove(pair)
      return pairs.length > 0
    },
    save: async () => {
      const text = textOf(days)
      if (text === saved) return
      await replaceFile(path, text)
      saved = text
    },
  }
}

/** @param days day of the last login by `client account`, least recent first */
function tableOf(
  clock: Pick<Clock, 'now'>,
  days: Map<string, number>,
): { readonly table: KnownClients; readonly remove: (pair: string) => void } {
  const today = () => Math.floor(clock.now() / DAY_MS)
  const networks = countNetworks(days)
  const remove = (pair: string) => {
    days.delete(pair)
    networks.count(clientOf(pair), -1)
  }
  const table: KnownClients = {
    has: (account, client) => {
      const day = days.get(`${client} ${account}`)
      return day !== undefined && today() - day <= KNOWN_DAYS
    },
    add: (account, client) => {
      const pair = `${client} ${account}`
      if (!days.delete(pair)) networks.count(client, 1)
      days.set(pair, today())
      const [oldest] = days.keys()
      if (days.size > MOST_PAIRS && oldest !== undefined) remove(oldest)
    },
    holds: (network) => networks.has(network),
  }
  return { table, remove }
}

/** Pairs of each client and of each site. A pair counts until it is dropped, also when it is older than a month. */
function countNetworks(days: ReadonlyMap<string, number>) {
  const pairs = new Map<string, number>()
  const count = (client: string, change: 1 | -1) => {
    for (const network of new Set([client, siteNetwork(client.split('/')[0] ?? client)])) {
      const now = (pairs.get(network) ?? 0) + change
      if (now > 0) pairs.set(network, now)
      else pairs.delete(network)
    }
  }
  for (const pair of days.keys()) count(clientOf(pair), 1)
  return { count, has: (network: string) => pairs.has(network) }
}

function clientOf(pair: string): string {
  return pair.slice(0, pair.indexOf(' '))
}

function textOf(days: ReadonlyMap<string, number>): string {
  return [...days].map(([pair, day]) => `${day} ${pair}\n`).join('')
}

function parse(text: string): Map<string, number> {
  const read = text.split('\n').flatMap((line) => {
    const [, day, client, account] = form.exec(line) ?? []
    return day === undefined ? [] : [[`${client} ${account}`, Number(day)] as const]
  })
  return new Map(read.slice(-MOST_PAIRS))
}

function absentIsEmpty(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
