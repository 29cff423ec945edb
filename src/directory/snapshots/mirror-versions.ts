// The snapshot versions of one mirror: the newest accepted content, the version that answers, and the version that an operator pinned.

import { createHash } from 'node:crypto'
import type { Log } from '../../lib/log.ts'
import { indexContent } from './index-content.ts'
import type { ContentIndex, IndexSettings } from './index-content.ts'
import type { SnapshotHeader, StoredSnapshot } from './snapshot-file.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import { countContent } from './source-content.ts'
import type { ContentCounts, SourceContent } from './source-content.ts'

export interface VersionSettings extends IndexSettings {
  readonly name: string
}

export interface VersionPorts {
  readonly store: SnapshotStore
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  /** False for a password hash whose scheme this node cannot verify. */
  readonly canVerify: (hash: string) => boolean
}

export interface InUse {
  readonly index: ContentIndex
  readonly header: SnapshotHeader
}

/** The newest accepted content, whether or not an older version is pinned. */
interface Latest {
  readonly version: number
  readonly counts: ContentCounts
  /** Empty if the file cannot be read: the next answer of the source is then written again. */
  readonly checksum: string
}

/** Users named in a warning. */
const EXAMPLE_LIMIT = 20

export class MirrorVersions {
  readonly #settings: VersionSettings
  readonly #ports: VersionPorts
  #inUse: InUse | null = null
  #latest: Latest | null = null
  #pinned: number | null = null

  constructor(settings: VersionSettings, ports: VersionPorts) {
    this.#settings = settings
    this.#ports = ports
  }

  /** Null before there is any snapshot. */
  get inUse(): InUse | null {
    return this.#inUse
  }

  get latestCounts(): ContentCounts | null {
    return this.#latest?.counts ?? null
  }

  /** The pinned version that is in use, or null. */
  get pinned(): number | null {
    return this.#pinned
  }

  /** Loads the newest readable version; a damaged one is logged and skipped. */
  async loadNewest(): Promise<void> {
    const { store } = this.#ports
    for (const version of await store.versions()) {
      const found = await store.read(version)
      if (found.kind === 'read') {
        const { header, content } = found.snapshot
        this.#latest = { version: header.version, counts: header.counts, checksum: checksumOf(content) }
        this.#use(found.snapshot)
        return
      }
      this.logDiskError(`version ${version}`, found.cause)
    }
  }

  /** Uses the pinned version, or the latest one if nothing is pinned any more. */
  async applyPin(pinned: number | null): Promise<void> {
    if (pinned === this.#pinned) return
    if (pinned === null) {
      this.#pinned = null
      return await this.#useLatest()
    }
    const found = await this.#ports.store.read(pinned)
    if (found.kind === 'bad') return this.logDiskError(`version ${pinned}`, found.cause)
    this.#pinned = pinned
    this.#use(found.snapshot)
  }

  /** Makes a new version of the content unless it equals the latest. `keep` is a version that must stay on disk. */
  async accept(content: SourceContent, now: number, keep: number | null): Promise<void> {
    const checksum = checksumOf(content)
    if (checksum === this.#latest?.checksum) {
      if (this.#pinned === null) await this.#useLatest()
      return
    }
    const counts = countContent(content)
    // A damaged version keeps its number: no number is used twice.
    const newest = (await this.#ports.store.versions())[0] ?? 0
    const version = Math.max(newest, this.#latest?.version ?? 0) + 1
    const header: SnapshotHeader = { version, takenAt: now, source: this.#settings.name, counts }
    // Used even if it cannot be written: new data in memory is better than old data on disk.
    await this.save(`version ${version}`, () => this.#ports.store.write({ header, content }, keep))
    this.#latest = { version, counts, checksum }
    if (this.#pinned === null) this.#use({ header, content })
  }

  /** Runs a write to the store and logs its error. */
  async save(what: string, write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      this.logDiskError(what, (error as Error).message)
    }
  }

  logDiskError(what: string, cause: string): void {
    this.#ports.log.error({ source: this.#settings.name, what, cause }, 'cannot read or write directory snapshots')
  }

  async #useLatest(): Promise<void> {
    if (!this.#latest || this.#inUse?.header.version === this.#latest.version) return
    const found = await this.#ports.store.read(this.#latest.version)
    if (found.kind === 'read') this.#use(found.snapshot)
    else {
      this.logDiskError(`version ${this.#latest.version}`, found.cause)
      this.#latest = { ...this.#latest, checksum: '' }
    }
  }

  #use({ header, content }: StoredSnapshot): void {
    const index = indexContent(content, this.#settings)
    this.#inUse = { index, header }
    const { source, version, counts } = header
    this.#ports.log.info({ source, version, ...counts }, 'directory snapshot in use')
    this.#warnOfUnusable(source, index)
  }

  #warnOfUnusable(source: string, { passwords, unused, notes }: ContentIndex): void {
    const { log, canVerify } = this.#ports
    const users = [...passwords].filter(([, { password }]) => !canVerify(password)).map(([user]) => user)
    if (users.length > 0) {
      const fields = { source, count: users.length, users: users.slice(0, EXAMPLE_LIMIT) }
      log.warn(fields, 'users cannot log in: their password hashes have an unsupported scheme')
    }
    if (unused > 0) log.warn({ source, unused, examples: notes }, 'invalid directory entries are ignored')
  }
}

function checksumOf(content: SourceContent): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}
