// Reads a source's whole content again and again into versioned snapshots and answers from memory. Whatever fails, the last good snapshot
// keeps answering; only for names that it lacks may the answer be incomplete.

import type { Clock } from '../../lib/clock.ts'
import { checkShrinkage } from './check-shrinkage.ts'
import type { ContentIndex, IndexSettings, SourcePassword } from './index-content.ts'
import type { MirrorSource } from './mirror-source.ts'
import { MirrorVersions } from './mirror-versions.ts'
import type { VersionPorts } from './mirror-versions.ts'
import { incompleteCause, viewSource } from './mirror-view.ts'
import type { SnapshotSource } from './mirror-view.ts'
import { NO_STATE } from './snapshot-store.ts'
import type { MirrorState, Orders } from './snapshot-store.ts'
import { countContent, sortContent, withoutUnusable } from './source-content.ts'
import type { ContentCounts, SourceContent } from './source-content.ts'

export interface MirrorSettings extends IndexSettings {
  readonly name: string
  /** Time between two readings while the source answers, ms. */
  readonly refreshMs: number
  /** Largest shrinkage that is accepted, as a fraction. */
  readonly maxShrinkage: number
}

export interface MirrorPorts extends VersionPorts {
  readonly source: MirrorSource
  readonly clock: Clock
}

export interface MirrorStatus extends MirrorState {
  readonly pinned: number | null
  readonly counts: ContentCounts | null
  readonly incomplete: string | null
}

export interface Mirror extends SnapshotSource {
  /** Loads the last snapshot; without one, waits for the first reading. Then refreshes itself until it is closed. */
  start(): Promise<void>
  /** Reads the source now; resolves when its content is in use or refused. */
  refresh(): Promise<void>
  status(): MirrorStatus
  /** Password hashes by user: the same map until the snapshot changes. */
  passwords(): ReadonlyMap<string, SourcePassword>
  close(): Promise<void>
}

/** First pause after a failed reading; it doubles up to the refresh interval. */
const RETRY_MS = 5000
/** How soon an operator's order is seen. */
const ORDERS_INTERVAL_MS = 1000

const NO_PASSWORDS: ReadonlyMap<string, SourcePassword> = new Map()

class RunningMirror {
  readonly #settings: MirrorSettings
  readonly #ports: MirrorPorts
  readonly #versions: MirrorVersions
  readonly #closing = new AbortController()
  #state: MirrorState = NO_STATE
  #orders: Orders = { pinned: null, accept: 0, refresh: 0 }
  /** False until this process has read the source: a success of an earlier process proves nothing. */
  #hasRead = false
  #reading: Promise<void> | null = null
  #loop: Promise<void> | null = null

  constructor(settings: MirrorSettings, ports: MirrorPorts) {
    this.#settings = settings
    this.#ports = ports
    this.#versions = new MirrorVersions(settings, ports)
  }

  get index(): ContentIndex | null {
    return this.#versions.inUse?.index ?? null
  }

  incomplete(): string | null {
    const { name, refreshMs } = this.#settings
    if (!this.#hasRead) return `${name}: not read since the start`
    const { pinned } = this.#versions
    return incompleteCause({ name, state: this.#state, pinned, refreshMs, now: this.#ports.clock.now() })
  }

  status(): MirrorStatus {
    const { inUse, pinned } = this.#versions
    return {
      ...this.#state,
      version: inUse?.header.version ?? null,
      pinned,
      counts: inUse?.header.counts ?? null,
      incomplete: this.incomplete(),
    }
  }

  async start(): Promise<void> {
    const { store } = this.#ports
    this.#state = { ...NO_STATE, ...(await store.readState()) }
    this.#orders = await store.readOrders()
    await this.#versions.loadNewest()
    await this.#versions.applyPin(this.#orders.pinned)
    if (!this.#versions.inUse) await this.refresh()
    this.#loop = this.#run()
  }

  refresh(): Promise<void> {
    this.#reading ??= this.#read()
      // A bug is recorded like any failure of the source: a mirror that stops silently would answer for ever from an old snapshot.
      .catch((error: unknown) => {
        this.#hasRead = true
        this.#noteFailure({ kind: 'unavailable', cause: `internal error: ${String(error)}` })
      })
      .finally(() => {
        this.#reading = null
      })
    return this.#reading
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'))
    await this.#loop
    await this.#reading
    await this.#ports.source.close()
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      // Without a snapshot on disk, start() has already read the source.
      if (this.#hasRead) await this.#wait(this.#pauseMs())
      if (!this.#closing.signal.aborted) await this.refresh()
    }
  }

  #pauseMs(): number {
    const { refreshMs } = this.#settings
    const { failures } = this.#state
    return failures === 0 ? refreshMs : Math.min(refreshMs, RETRY_MS * 2 ** (failures - 1))
  }

  /** Ends early at an operator's order. */
  async #wait(ms: number): Promise<void> {
    const { clock, store } = this.#ports
    const end = clock.monotonic() + ms
    while (clock.monotonic() < end && !this.#closing.signal.aborted) {
      const left = end - clock.monotonic()
      // Rejects only when the mirror closes, which the loop condition sees.
      await clock.sleep(Math.min(ORDERS_INTERVAL_MS, left), this.#closing.signal).catch(() => undefined)
      const orders = await store.readOrders()
      const old = this.#orders
      if (orders.refresh > old.refresh || orders.accept > old.accept || orders.pinned !== old.pinned) return
    }
  }

  async #read(): Promise<void> {
    const { source, store, canVerify } = this.#ports
    this.#orders = await store.readOrders()
    await this.#versions.applyPin(this.#orders.pinned)
    const fetched = await source.fetch(this.#closing.signal)
    if (this.#closing.signal.aborted) return
    if (fetched.kind === 'whole') await this.#judge(sortContent(withoutUnusable(fetched.content, canVerify)))
    else this.#noteFailure({ kind: fetched.kind === 'partial' ? 'refused' : 'unavailable', cause: fetched.cause })
    this.#hasRead = true
    this.#state = { ...this.#state, version: this.#versions.inUse?.header.version ?? null }
    await this.#versions.save('state', () => store.writeState(this.#state))
  }

  /** Accepts the content, or refuses it because it shrank. */
  async #judge(content: SourceContent): Promise<void> {
    const { store, clock, log } = this.#ports
    const { name: source, maxShrinkage } = this.#settings
    const now = clock.now()
    const isOrdered = this.#orders.accept > this.#state.acceptedOrder
    const verdict = checkShrinkage(content, this.#versions.latestCounts, isOrdered ? 1 : maxShrinkage)
    if (verdict.kind === 'refuse') {
      const header = { version: 0, takenAt: now, source, counts: countContent(content) }
      await this.#versions.save('refused content', () => store.writeRefused({ header, content }))
      return this.#noteFailure({ kind: 'refused', cause: verdict.cause })
    }
    await this.#versions.accept(content, now, this.#orders.pinned)
    await this.#versions.save('refused content', () => store.writeRefused(null))
    if (this.#state.failure) log.info({ source }, 'directory refresh works again')
    this.#state = {
      ...this.#state,
      confirmedAt: now,
      failure: null,
      failures: 0,
      failingSince: null,
      acceptedOrder: isOrdered ? this.#orders.accept : this.#state.acceptedOrder,
    }
  }

  /** Logs the first of several failures with the same cause. */
  #noteFailure(failure: NonNullable<MirrorState['failure']>): void {
    const { clock, log } = this.#ports
    if (failure.cause !== this.#state.failure?.cause) {
      const message =
        this.#versions.inUse === null
          ? 'the directory cannot be read and there is no snapshot: every address that only it has is deferred'
          : 'directory refresh failed; the last good snapshot stays in use'
      log.error({ source: this.#settings.name, ...failure }, message)
    }
    const failingSince = this.#state.failingSince ?? clock.now()
    this.#state = { ...this.#state, failure, failures: this.#state.failures + 1, failingSince }
  }
}

/** Makes a mirror; it does nothing before `start`. */
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
