// A source's whole content, read again and again into versioned snapshots, answering from memory. Whatever happens to the source, the last
// good snapshot goes on answering; only names that it does not hold are in doubt meanwhile.
// Room: directory. Writes only through its store, asks only through its source, and never throws at those who look something up.

import { createHash } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import { indexContent } from './index-content.ts'
import type { ContentIndex, IndexSettings, SourcePassword } from './index-content.ts'
import { checkShrinkage } from './check-shrinkage.ts'
import type { MirrorSource } from './mirror-source.ts'
import { incompleteCause, viewSource } from './mirror-view.ts'
import type { SnapshotSource } from './mirror-view.ts'
import type { SnapshotHeader, StoredSnapshot } from './snapshot-file.ts'
import type { MirrorState, Orders, SnapshotStore } from './snapshot-store.ts'
import { countContent, sortContent } from './source-content.ts'
import type { ContentCounts, SourceContent } from './source-content.ts'

export interface MirrorSettings extends IndexSettings {
  readonly name: string
  /** Time between two attempts while all is well. */
  readonly refreshMs: number
  /** Largest shrink that is taken for true, as a fraction. */
  readonly mostShrink: number
}

/** What an operator should hear of. */
export interface MirrorLog {
  taken(header: SnapshotHeader, index: ContentIndex): void
  /** The first of several attempts in a row that bring nothing, and every one with another cause. */
  trouble(trouble: NonNullable<MirrorState['failure']>): void
  recovered(): void
  /** A snapshot on disk cannot be read or written. */
  disk(what: string, cause: string): void
}

export interface MirrorPorts {
  readonly source: MirrorSource
  readonly store: SnapshotStore
  readonly clock: Clock
  readonly log: MirrorLog
}

export interface MirrorStatus extends MirrorState {
  readonly pinned: number | null
  readonly counts: ContentCounts | null
  readonly incomplete: string | null
  readonly unused: number
}

export interface Mirror extends SnapshotSource {
  /** Loads the last snapshot; where there is none, waits for the first attempt. Then keeps itself up to date. */
  start(): Promise<void>
  /** Asks the source now; resolves when its answer is in use or refused. */
  refresh(): Promise<void>
  status(): MirrorStatus
  /** Hashes of passwords by user. The same map as long as nothing changes. */
  passwords(): ReadonlyMap<string, SourcePassword>
  close(): Promise<void>
}

/** First pause after an attempt that failed; it doubles up to the usual interval. */
const RETRY_MS = 5000
/** How soon an operator's order is seen. */
const ORDERS_EVERY_MS = 1000

const NOTHING_YET: MirrorState = {
  version: null,
  confirmedAt: null,
  triedAt: null,
  failure: null,
  failures: 0,
  acceptedOrder: 0,
}

const NO_PASSWORDS: ReadonlyMap<string, SourcePassword> = new Map()

/** The newest content that was taken, whether or not an operator pinned an older version. */
interface Latest {
  readonly version: number
  readonly counts: ContentCounts
  readonly sum: string
}

interface InUse {
  readonly index: ContentIndex
  readonly header: SnapshotHeader
}

class RunningMirror {
  readonly #settings: MirrorSettings
  readonly #ports: MirrorPorts
  readonly #closing = new AbortController()
  #state: MirrorState = NOTHING_YET
  #inUse: InUse | null = null
  #latest: Latest | null = null
  #orders: Orders = { pinned: null, accept: 0, refresh: 0 }
  /** The pinned version that is in use. */
  #pinned: number | null = null
  /** False until the source was asked by this process: what it said to the one before is yesterday's news. */
  #asked = false
  #attempt: Promise<void> | null = null
  #loop: Promise<void> | null = null

  constructor(settings: MirrorSettings, ports: MirrorPorts) {
    this.#settings = settings
    this.#ports = ports
  }

  get index(): ContentIndex | null {
    return this.#inUse?.index ?? null
  }

  incomplete(): string | null {
    const { name, refreshMs } = this.#settings
    if (!this.#asked) return `${name}: not asked since the start`
    return incompleteCause({ name, state: this.#state, pinned: this.#pinned, refreshMs, now: this.#ports.clock.now() })
  }

  status(): MirrorStatus {
    return {
      ...this.#state,
      pinned: this.#pinned,
      counts: this.#inUse?.header.counts ?? null,
      incomplete: this.incomplete(),
      unused: this.#inUse?.index.unused ?? 0,
    }
  }

  async start(): Promise<void> {
    const { store } = this.#ports
    this.#state = { ...NOTHING_YET, ...(await store.readState()) }
    this.#orders = await store.readOrders()
    await this.#loadNewest()
    await this.#obeyPin()
    if (!this.#inUse) await this.refresh()
    this.#loop = this.#run()
  }

  refresh(): Promise<void> {
    this.#attempt ??= this.#try()
      // Not foreseen: told like any other failure, for a mirror that ends in silence would answer for ever from an old snapshot.
      .catch((error: unknown) => {
        this.#asked = true
        this.#note({ kind: 'unavailable', cause: `unforeseen: ${String(error)}` }, this.#ports.clock.now())
      })
      .finally(() => {
        this.#attempt = null
      })
    return this.#attempt
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'))
    await this.#loop
    await this.#attempt
    await this.#ports.source.close()
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      // start() has just asked where there was no snapshot.
      if (this.#asked) await this.#wait(this.#pause())
      if (!this.#closing.signal.aborted) await this.refresh()
    }
  }

  #pause(): number {
    const { refreshMs } = this.#settings
    const { failures } = this.#state
    return failures === 0 ? refreshMs : Math.min(refreshMs, RETRY_MS * 2 ** (failures - 1))
  }

  /** Ends early when an operator orders something. */
  async #wait(ms: number): Promise<void> {
    const { clock, store } = this.#ports
    const end = clock.now() + ms
    while (clock.now() < end && !this.#closing.signal.aborted) {
      // The only rejection is the abort, which the loop condition sees.
      await clock.sleep(Math.min(ORDERS_EVERY_MS, end - clock.now()), this.#closing.signal).catch(() => undefined)
      const orders = await store.readOrders()
      const old = this.#orders
      if (orders.refresh > old.refresh || orders.accept > old.accept || orders.pinned !== old.pinned) return
    }
  }

  async #try(): Promise<void> {
    const { source, store, clock } = this.#ports
    this.#orders = await store.readOrders()
    await this.#obeyPin()
    const fetched = await source.fetch(this.#closing.signal)
    if (this.#closing.signal.aborted) return
    const triedAt = clock.now()
    if (fetched.kind === 'whole') await this.#judge(sortContent(fetched.content), triedAt)
    else this.#note({ kind: fetched.kind === 'partial' ? 'refused' : 'unavailable', cause: fetched.cause }, triedAt)
    this.#asked = true
    await this.#save('its state', () => store.writeState(this.#state))
  }

  async #judge(content: SourceContent, now: number): Promise<void> {
    const { mostShrink } = this.#settings
    const accepts = this.#orders.accept > this.#state.acceptedOrder
    const judgement = checkShrinkage(content, this.#latest?.counts ?? null, accepts ? 1 : mostShrink)
    if (judgement.kind === 'refuse') {
      const refused = { header: this.#header(0, now, countContent(content)), content }
      await this.#save('what was refused', () => this.#ports.store.writeRefused(refused))
      return this.#note({ kind: 'refused', cause: judgement.cause }, now)
    }
    const isNew = sumOf(content) !== this.#latest?.sum
    if (isNew) await this.#take(content, now)
    else if (this.#pinned === null) await this.#followLatest()
    await this.#save('what was refused', () => this.#ports.store.writeRefused(null))
    if (this.#state.failure) this.#ports.log.recovered()
    this.#state = {
      ...this.#state,
      version: this.#inUse?.header.version ?? null,
      confirmedAt: now,
      triedAt: now,
      failure: null,
      failures: 0,
      acceptedOrder: accepts ? this.#orders.accept : this.#state.acceptedOrder,
    }
  }

  async #take(content: SourceContent, now: number): Promise<void> {
    const counts = countContent(content)
    // Disk may hold versions that nobody can read any more: their numbers are not used again.
    const newest = (await this.#ports.store.versions())[0] ?? 0
    const header = this.#header(Math.max(newest, this.#latest?.version ?? 0) + 1, now, counts)
    // In use even if it cannot be kept: new data in memory is better than old data on disk.
    await this.#save(`version ${header.version}`, () =>
      this.#ports.store.write({ header, content }, this.#orders.pinned),
    )
    this.#latest = { version: header.version, counts, sum: sumOf(content) }
    if (this.#pinned === null) this.#use({ header, content })
  }

  #use(snapshot: StoredSnapshot): void {
    this.#inUse = { index: indexContent(snapshot.content, this.#settings), header: snapshot.header }
    this.#ports.log.taken(snapshot.header, this.#inUse.index)
  }

  #note(failure: NonNullable<MirrorState['failure']>, triedAt: number): void {
    if (failure.cause !== this.#state.failure?.cause) this.#ports.log.trouble(failure)
    this.#state = { ...this.#state, failure, triedAt, failures: this.#state.failures + 1 }
  }

  /** The newest version that can be read: a damaged one costs a version, not the start. */
  async #loadNewest(): Promise<void> {
    const { store, log } = this.#ports
    for (const version of await store.versions()) {
      const found = await store.read(version)
      if (found.kind === 'read') {
        const { header, content } = found.snapshot
        this.#latest = { version: header.version, counts: header.counts, sum: sumOf(content) }
        this.#use(found.snapshot)
        return
      }
      log.disk(`version ${version}`, found.cause)
    }
  }

  /** Brings the pinned version into use, or the latest one when nothing is pinned any more. */
  async #obeyPin(): Promise<void> {
    const { pinned } = this.#orders
    if (pinned === this.#pinned) return
    if (pinned === null) {
      this.#pinned = null
      return await this.#followLatest()
    }
    const found = await this.#ports.store.read(pinned)
    if (found.kind === 'bad') return this.#ports.log.disk(`version ${pinned}`, found.cause)
    this.#pinned = pinned
    this.#use(found.snapshot)
    this.#state = { ...this.#state, version: pinned }
  }

  async #followLatest(): Promise<void> {
    if (!this.#latest || this.#inUse?.header.version === this.#latest.version) return
    const found = await this.#ports.store.read(this.#latest.version)
    if (found.kind === 'read') this.#use(found.snapshot)
    else {
      this.#ports.log.disk(`version ${this.#latest.version}`, found.cause)
      // It will be written anew from the source's next answer.
      this.#latest = { ...this.#latest, sum: '' }
    }
  }

  #header(version: number, takenAt: number, counts: ContentCounts): SnapshotHeader {
    return { version, takenAt, source: this.#settings.name, counts }
  }

  async #save(what: string, write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      this.#ports.log.disk(what, (error as Error).message)
    }
  }
}

/** Makes a mirror; nothing happens before `start`. */
export function createMirror(settings: MirrorSettings, ports: MirrorPorts): Mirror {
  const running = new RunningMirror(settings, ports)
  return {
    ...viewSource(settings.name, settings.domains, () => ({ index: running.index, incomplete: running.incomplete() })),
    start: () => running.start(),
    refresh: () => running.refresh(),
    status: () => running.status(),
    passwords: () => running.index?.passwords ?? NO_PASSWORDS,
    close: () => running.close(),
  }
}

function sumOf(content: SourceContent): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}
