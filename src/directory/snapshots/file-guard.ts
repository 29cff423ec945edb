// Guards the files of routing data, users and machines as mirrors guard LDAP and SQL: what was last good is remembered on disk, and data that
// lost much, or that a file cut off, is refused until an operator accepts it.

import { createHash } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { incompleteFile } from '../files/file-ending.ts'
import type { FileEndings } from '../files/file-ending.ts'
import { checkShrinkage } from './check-shrinkage.ts'
import type { SnapshotHeader, StoredSnapshot } from './snapshot-file.ts'
import { NO_STATE } from './snapshot-store.ts'
import type { MirrorState, SnapshotStore } from './snapshot-store.ts'
import { countContent, sortContent } from './source-content.ts'
import type { ContentCounts, SourceContent } from './source-content.ts'

/** What the files contain, without password hashes. */
export interface FileReading {
  readonly content: SourceContent
  readonly endings: FileEndings
}

export interface FileGuardSettings {
  /** Largest loss that is accepted, as a fraction. */
  readonly maxShrinkage: number
}

export interface FileGuardPorts {
  readonly store: SnapshotStore
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Log, 'info' | 'error'>
}

export interface FileGuard {
  /**
   * Null if the data may be used; they are the last good ones from then on. Otherwise the cause: at a start the node may use them with
   * doubt, at a reload the old ones stay.
   */
  judge(reading: FileReading): Promise<string | null>
  /** As `judge`, and changes nothing: for commands, and for files that are not activated now. */
  inspect(reading: FileReading): Promise<string | null>
  /** Why names that are unknown now may exist; null if the data are complete. */
  doubt(): string | null
  /** Domains of the last good data. */
  domains(): ReadonlySet<string>
  status(): MirrorState
  /** True if an operator has accepted the files since they were judged. */
  hasOrder(): Promise<boolean>
}

const ADVICE = '`waypost directory accept files` prints what is missing and accepts it'
/** Entries that a usual edit removes; at a small site they are a large part. The loss of all entries is never usual. */
const USUAL_LOSS = 2

/** Name in `directory status`, health and metrics. */
export const FILES_NAME = 'files'

/** Opens the guard with the state of the last run. */
export async function openFileGuard({ maxShrinkage }: FileGuardSettings, ports: FileGuardPorts): Promise<FileGuard> {
  const { store } = ports
  const state = { ...NO_STATE, ...(await store.readState()) }
  return new RunningGuard(maxShrinkage, ports, { state, last: await readLatest(store) })
}

interface Remembered {
  readonly state: MirrorState
  /** The last good files; null before the first start. */
  readonly last: StoredSnapshot | null
}

class RunningGuard implements FileGuard {
  readonly #maxShrinkage: number
  readonly #ports: FileGuardPorts
  #state: MirrorState
  #last: StoredSnapshot | null
  /** The failure of another run says nothing about the files of this one. */
  #doubt: string | null = null

  constructor(maxShrinkage: number, ports: FileGuardPorts, { state, last }: Remembered) {
    this.#maxShrinkage = maxShrinkage
    this.#ports = ports
    this.#state = state
    this.#last = last
  }

  async judge(reading: FileReading): Promise<string | null> {
    const sorted = { ...reading, content: sortContent(reading.content) }
    const cause = await this.inspect(sorted)
    if (cause === null) await this.#accept(sorted)
    else await this.#refuse(sorted, cause)
    await this.#save((store) => store.writeState(this.#state))
    return cause
  }

  async inspect({ content, endings }: FileReading): Promise<string | null> {
    if (!this.#last || (await this.hasOrder())) return null
    const { counts, endings: before = {} } = this.#last.header
    const cut = incompleteFile(endings, before)
    if (cut !== null) return `${cut}; ${ADVICE}`
    const [lastSum, newSum] = [sum(counts), sum(countContent(content))]
    if (lastSum === 0 || (newSum > 0 && lastSum - newSum <= USUAL_LOSS)) return null
    const result = checkShrinkage(content, counts, this.#maxShrinkage)
    return result.kind === 'accept' ? null : describeLoss(result.cause)
  }

  doubt(): string | null {
    return this.#doubt
  }

  domains(): ReadonlySet<string> {
    const rows = this.#last?.content.aliases ?? []
    return new Set(rows.flatMap(({ address }) => /^@(.+)$/.exec(address)?.[1] ?? []))
  }

  status(): MirrorState {
    return this.#state
  }

  async hasOrder(): Promise<boolean> {
    return (await this.#ports.store.readOrders()).accept > this.#state.acceptedOrder
  }

  async #accept(reading: FileReading): Promise<void> {
    const { clock, log, store } = this.#ports
    const confirmedAt = clock.now()
    const acceptedOrder = Math.max(this.#state.acceptedOrder, (await store.readOrders()).accept)
    if (!this.#last || checksumOf(this.#last) !== checksumOf({ header: reading, ...reading }))
      await this.#remember(reading, confirmedAt)
    await this.#save((disk) => disk.writeRefused(null))
    if (this.#doubt !== null)
      log.info({ source: FILES_NAME }, 'the files are accepted; unknown names are refused again')
    this.#doubt = null
    this.#state = { ...NO_STATE, version: this.#last?.header.version ?? null, confirmedAt, acceptedOrder }
  }

  async #remember({ content, endings }: FileReading, takenAt: number): Promise<void> {
    const version = ((await this.#ports.store.versions())[0] ?? 0) + 1
    const header = { version, takenAt, source: FILES_NAME, counts: countContent(content), endings }
    // Remembered even if it cannot be written: the guard then lasts until the end of the process.
    this.#last = { header, content }
    await this.#save((store) => store.write({ header, content }, null))
  }

  async #refuse({ content }: FileReading, cause: string): Promise<void> {
    const header = { version: 0, takenAt: this.#ports.clock.now(), source: FILES_NAME, counts: countContent(content) }
    await this.#save((store) => store.writeRefused({ header, content }))
    this.#doubt = `${FILES_NAME}: ${cause}`
    this.#state = {
      ...this.#state,
      version: this.#last?.header.version ?? null,
      failure: { kind: 'refused', cause },
      failures: this.#state.failures + 1,
      failingSince: this.#state.failingSince ?? header.takenAt,
    }
  }

  async #save(write: (store: SnapshotStore) => Promise<void>): Promise<void> {
    const { store, log } = this.#ports
    await write(store).catch((error: unknown) =>
      log.error({ source: FILES_NAME, cause: (error as Error).message }, 'cannot read or write directory snapshots'),
    )
  }
}

function sum({ users, aliases, forwards }: ContentCounts): number {
  return users + aliases + forwards
}

async function readLatest(store: SnapshotStore): Promise<StoredSnapshot | null> {
  for (const version of await store.versions()) {
    const found = await store.read(version)
    if (found.kind === 'read') return found.snapshot
  }
  return null
}

function describeLoss(cause: string): string {
  const words = cause === 'the source returned no entries' ? 'the files have no entries any more' : cause
  return `${words}; ${ADVICE}`
}

function checksumOf({
  header,
  content,
}: {
  readonly header: Pick<SnapshotHeader, 'endings'>
  readonly content: SourceContent
}) {
  return createHash('sha256')
    .update(JSON.stringify([header.endings, content]))
    .digest('hex')
}
