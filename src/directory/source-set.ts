// The LDAP and SQL sources of a node: running ones for the daemon, offline ones for commands.

import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createLdapLive } from './ldap/ldap-live.ts'
import type { LdapLiveSettings } from './ldap/ldap-live.ts'
import { createLdapMirror } from './ldap/ldap-mirror.ts'
import { cacheSource } from './live-source.ts'
import type { CachedSource, LiveSettings } from './live-source.ts'
import type { SourcePassword } from './snapshots/index-content.ts'
import type { MirrorSource } from './snapshots/mirror-source.ts'
import { createMirror } from './snapshots/mirror.ts'
import type { Mirror, MirrorSettings } from './snapshots/mirror.ts'
import { openOfflineMirror } from './snapshots/offline-mirror.ts'
import type { OfflineMirror } from './snapshots/offline-mirror.ts'
import { openSnapshotStore } from './snapshots/snapshot-store.ts'
import type { SnapshotStore } from './snapshots/snapshot-store.ts'
import type { ExternalSource } from './external-source.ts'
import { createSqlMirror } from './sql/sql-mirror.ts'
import type { SqlSettings } from './sql/sql-settings.ts'

/** A source that is copied as a whole into snapshots. */
export type MirrorChoice = {
  readonly settings: MirrorSettings
  /** Directory of its snapshots. */
  readonly directory: string
} & (
  | { readonly key: 'ldap'; readonly source: LdapLiveSettings }
  | { readonly key: 'sql'; readonly source: SqlSettings }
)

export interface SourceSettings {
  /** In the order of precedence. */
  readonly mirrors: readonly MirrorChoice[]
  /** An LDAP server that is queried for each address; null if there is none. */
  readonly live: { readonly cache: LiveSettings; readonly ldap: LdapLiveSettings } | null
}

/** Password hashes by user name. */
export type Passwords = ReadonlyMap<string, SourcePassword>

/** What routing and authentication need of the sources. */
export interface SourceSet {
  readonly list: readonly ExternalSource[]
  /** The sources of the list that are queried for each address and each login. */
  readonly live: readonly CachedSource[]
  /** One map for each mirror, in the order of precedence. */
  passwords(): readonly Passwords[]
  /** Sentences about sources that cannot be read. */
  readonly problems: readonly string[]
}

export interface RunningSources extends SourceSet {
  readonly mirrors: readonly Mirror[]
  /** Reads every mirrored source now. Resolves when all have answered, or after 30 s. */
  refresh(): Promise<void>
  close(): Promise<void>
}

export interface SourcePorts {
  readonly clock: Clock
  readonly log: Log
  /** False for a password hash whose scheme this node cannot verify. */
  readonly canVerify: (hash: string) => boolean
}

/** A mirrored source with its snapshots on disk. */
export interface MirrorPlan {
  readonly key: 'ldap' | 'sql'
  readonly settings: MirrorSettings
  readonly store: SnapshotStore
  readonly connect: () => MirrorSource
}

/** Longest wait for all sources at a start or reload, ms. A source that answers later is used from then on. */
const REFRESH_WAIT_MS = 30_000

/** The mirrored sources, without connecting to any. */
export function planMirrors({ mirrors }: SourceSettings, clock: Clock): readonly MirrorPlan[] {
  return mirrors.map((mirror) => ({
    key: mirror.key,
    settings: mirror.settings,
    store: openSnapshotStore(mirror.directory),
    connect: () =>
      mirror.key === 'ldap' ? createLdapMirror(mirror.source, clock) : createSqlMirror(mirror.source, { clock }),
  }))
}

/** Starts all sources: from the snapshot on disk, or after the first answer where there is no snapshot. */
export async function startSources(settings: SourceSettings, ports: SourcePorts): Promise<RunningSources> {
  const { clock } = ports
  const mirrors = planMirrors(settings, clock).map((plan) =>
    createMirror(plan.settings, { ...ports, source: plan.connect(), store: plan.store }),
  )
  const live = connectLive(settings, clock)
  await waitForAll(clock, mirrors, (mirror) => mirror.start())
  for (const source of live) reportAtStart(source, ports.log)
  return {
    list: [...live, ...mirrors],
    mirrors,
    live,
    passwords: () => mirrors.map((mirror) => mirror.passwords()),
    problems: [],
    refresh: () => waitForAll(clock, mirrors, (mirror) => mirror.refresh()),
    close: async () => {
      for (const source of live) source.close()
      await Promise.all(mirrors.map((mirror) => mirror.close()))
    },
  }
}

/** The sources as commands see them: what a node would answer from, without a running node. They do not keep the process alive. */
export async function openOfflineSources(settings: SourceSettings, clock: Clock): Promise<SourceSet> {
  const live = connectLive(settings, clock)
  const offline: OfflineMirror[] = []
  for (const plan of planMirrors(settings, clock)) {
    const source = plan.connect()
    offline.push(await openOfflineMirror(plan.settings, { store: plan.store, clock, source }))
    await source.close()
  }
  return {
    list: [...live, ...offline],
    live,
    passwords: () => offline.map((mirror) => mirror.passwords()),
    problems: offline.flatMap((mirror) => mirror.failure ?? []),
  }
}

/** Does not wait: a source that is queried for each address may come later. */
function reportAtStart(source: CachedSource, log: Log): void {
  source.probe().then(
    (cause) => {
      if (cause !== null)
        log.error(
          { source: source.name, cause },
          'the directory does not answer at the start of the node: every address that only it has is deferred',
        )
    },
    (error: unknown) => log.bug(error, 'first request to the directory'),
  )
}

function connectLive({ live }: SourceSettings, clock: Clock): readonly CachedSource[] {
  return live ? [cacheSource(live.cache, createLdapLive(live.ldap, clock), clock)] : []
}

async function waitForAll(
  clock: Clock,
  mirrors: readonly Mirror[],
  work: (mirror: Mirror) => Promise<void>,
): Promise<void> {
  if (mirrors.length === 0) return
  const done = new AbortController()
  const late = clock.sleep(REFRESH_WAIT_MS, done.signal).catch(() => undefined)
  await Promise.race([Promise.all(mirrors.map(work)), late])
  done.abort()
}
