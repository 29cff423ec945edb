// The greylist of a running node. A file that cannot be used never delays mail: the mail passes, and the file is opened again later.

import type { GreylistAnswer, Greylist, GreylistRules } from './greylist-contract.ts'
import { isDamage, openGreylistFile, type OpenedFile } from './sqlite/greylist-file.ts'
import { writeRules } from './sqlite/greylist-rows.ts'
import { type GreylistLimits, type SqliteGreylist, sqliteGreylist } from './sqlite/sqlite-greylist.ts'

export interface NodeGreylist extends Greylist {
  /** Opens the file, so that problems are reported at the start, and records the rules for commands. */
  open(rules: GreylistRules): void
  /** Removes old entries; returns how many did not come back. */
  purge(rules: GreylistRules, at: number): number
  /** Why the file cannot be used; null while it can, and before it is needed. */
  readonly problem: string | null
  /** Entries of the table; 0 while it is not open. */
  readonly size: number
  close(): void
}

export interface NodeGreylistPorts {
  /** Monotonic milliseconds. */
  readonly monotonic: () => number
  /** Called for each attempt that found no place: the table is full, or the share of its network is used up. */
  readonly refused: (limit: 'capacity' | 'network') => void
  /** Called when the file cannot be used, and with null when it can be used again. */
  readonly changed: (problem: string | null) => void
  readonly setAside: (file: { readonly path: string; readonly cause: string }) => void
}

/** A file that cannot be opened is tried again after this time: each attempt takes milliseconds of the main thread. */
const RETRY_MS = 60_000

export function createNodeGreylist(
  settings: GreylistLimits & { readonly path: string },
  ports: NodeGreylistPorts,
): NodeGreylist {
  return new FileGreylist(settings, ports)
}

class FileGreylist implements NodeGreylist {
  readonly #settings: GreylistLimits & { readonly path: string }
  readonly #ports: NodeGreylistPorts
  #file: OpenedFile['db'] | null = null
  #table: SqliteGreylist | null = null
  #triedAt = Number.NEGATIVE_INFINITY
  #problem: string | null = null

  constructor(settings: GreylistLimits & { readonly path: string }, ports: NodeGreylistPorts) {
    this.#settings = settings
    this.#ports = ports
  }

  get problem(): string | null {
    return this.#problem
  }

  get size(): number {
    return this.#use((table) => table.size) ?? 0
  }

  open(rules: GreylistRules): void {
    this.#opened(rules)
    const file = this.#file
    this.#use(() => file && writeRules(file, rules))
  }

  judge(...[attempt, rules]: Parameters<Greylist['judge']>): Promise<GreylistAnswer> {
    this.#opened(rules)
    const answer = this.#use((table) => table.judge(attempt, rules))
    if (answer?.kind === 'full') this.#ports.refused('capacity')
    return Promise.resolve(answer ?? { kind: 'unavailable', cause: this.#problem ?? 'the greylist is closed' })
  }

  purge(rules: GreylistRules, at: number): number {
    return this.#use((table) => table.purge(rules, at)) ?? 0
  }

  close(): void {
    this.#file?.close()
    this.#file = null
    this.#table = null
    // A message that ends during the drain must not open it again.
    this.#triedAt = Number.POSITIVE_INFINITY
  }

  #opened(rules: GreylistRules): void {
    const { monotonic, setAside, refused } = this.#ports
    if (this.#table || monotonic() - this.#triedAt < RETRY_MS) return
    this.#triedAt = monotonic()
    try {
      const { db, setAside: damaged } = openGreylistFile(this.#settings.path)
      this.#file = db
      writeRules(db, rules)
      this.#table = sqliteGreylist(db, this.#settings, { overShare: () => refused('network') })
      if (damaged) setAside(damaged)
      this.#report(null)
    } catch (error) {
      this.#file?.close()
      this.#file = null
      this.#report(describe(error))
    }
  }

  /** Null after an error. */
  #use<T>(work: (table: SqliteGreylist) => T): T | null {
    if (!this.#table) return null
    try {
      const result = work(this.#table)
      this.#report(null)
      return result
    } catch (error) {
      this.#report(describe(error))
      // The next opening sets a damaged file aside.
      if (isDamage(error)) this.#giveUp()
      return null
    }
  }

  #giveUp(): void {
    this.#file?.close()
    this.#file = null
    this.#table = null
    this.#triedAt = Number.NEGATIVE_INFINITY
  }

  #report(problem: string | null): void {
    if ((problem === null) !== (this.#problem === null)) this.#ports.changed(problem)
    this.#problem = problem
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
