// Config → LDAP and SQL beside the files of routing data: running mirrors for a node, what lies on disk for a command.

import { readStored } from '../auth/stored-password.ts'
import type { Config } from '../config/config.ts'
import { createLdapLive } from '../directory/ldap/ldap-live.ts'
import { createLdapMirror } from '../directory/ldap/ldap-mirror.ts'
import { cacheSource } from '../directory/live-source.ts'
import type { CachedSource } from '../directory/live-source.ts'
import type { SourcePassword } from '../directory/snapshots/index-content.ts'
import { createMirror } from '../directory/snapshots/mirror.ts'
import type { Mirror, MirrorLog, MirrorSettings } from '../directory/snapshots/mirror.ts'
import type { MirrorSource } from '../directory/snapshots/mirror-source.ts'
import { openOfflineMirror } from '../directory/snapshots/offline-mirror.ts'
import type { OfflineMirror } from '../directory/snapshots/offline-mirror.ts'
import { openSnapshotStore } from '../directory/snapshots/snapshot-store.ts'
import type { SnapshotStore } from '../directory/snapshots/snapshot-store.ts'
import type { ExternalSource } from '../directory/external-source.ts'
import { createSqlMirror } from '../directory/sql/sql-mirror.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../observe/json-log.ts'
import {
  ldapLiveCache,
  ldapMirrorSettings,
  ldapSettings,
  snapshotDirectory,
  sqlMirrorSettings,
  sqlSettings,
} from './directory-settings.ts'

export type Passwords = ReadonlyMap<string, SourcePassword>

/** What routing and logging in need of them. */
export interface SourceSet {
  readonly list: readonly ExternalSource[]
  /** Those of the list that are asked for each address and each login. */
  readonly live: readonly CachedSource[]
  /** Of each mirror, the first one first. */
  passwords(): readonly Passwords[]
  /** Sentences about sources that cannot be asked. */
  readonly troubles: readonly string[]
}

export interface RunningSources extends SourceSet {
  readonly mirrors: readonly Mirror[]
  /** Asks every mirrored source now; waits for the answers, but not for ever. */
  refresh(): Promise<void>
  close(): Promise<void>
}

/** One mirror with all it needs; shared by the node and the commands. */
export interface MirrorPlan {
  readonly key: 'ldap' | 'sql'
  readonly settings: MirrorSettings
  readonly store: SnapshotStore
  readonly source: () => MirrorSource
}

/** Longest wait for sources at a start or reload; they go on by themselves then, and names are in doubt meanwhile. */
const PATIENCE_MS = 30_000
/** Users named in a warning. */
const MOST_EXAMPLES = 20

/** The mirrors that the configuration asks for, LDAP before SQL. */
export function planMirrors(config: Config, clock: Clock): readonly MirrorPlan[] {
  const { ldap, sql } = config.directory
  const plans: MirrorPlan[] = []
  const store = (key: 'ldap' | 'sql') => openSnapshotStore(snapshotDirectory(config, key))
  if (ldap?.mode === 'mirror') {
    const source = () => createLdapMirror(ldapSettings(config, ldap), clock)
    plans.push({ key: 'ldap', settings: ldapMirrorSettings(config, ldap), store: store('ldap'), source })
  }
  if (sql) {
    const source = () => createSqlMirror(sqlSettings(sql))
    plans.push({ key: 'sql', settings: sqlMirrorSettings(config, sql), store: store('sql'), source })
  }
  return plans
}

/** Starts them all: from disk at once, or after the first answers where the disk has nothing. */
export async function startSources(
  config: Config,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<RunningSources> {
  const { clock, log } = ports
  const mirrors = planMirrors(config, clock).map(({ settings, store, source }) =>
    createMirror(settings, { source: source(), store, clock, log: mirrorLog(settings.name, log) }),
  )
  const live = liveSources(config, clock)
  await patiently(clock, mirrors, (mirror) => mirror.start())
  return {
    list: [...live, ...mirrors],
    mirrors,
    live,
    passwords: () => mirrors.map((mirror) => mirror.passwords()),
    troubles: [],
    refresh: () => patiently(clock, mirrors, (mirror) => mirror.refresh()),
    close: async () => {
      for (const source of live) source.close()
      await Promise.all(mirrors.map((mirror) => mirror.close()))
    },
  }
}

/** For commands: what a node would answer from, without becoming one. Nothing of it keeps a process alive. */
export async function restSources(config: Config, clock: Clock): Promise<SourceSet> {
  const live = liveSources(config, clock)
  const rested: OfflineMirror[] = []
  for (const { settings, store, source } of planMirrors(config, clock)) {
    const asked = source()
    rested.push(await openOfflineMirror(settings, { store, clock, source: asked }))
    await asked.close()
  }
  return {
    list: [...live, ...rested],
    live,
    passwords: () => rested.map((one) => one.passwords()),
    troubles: rested.flatMap((one) => one.failure ?? []),
  }
}

function liveSources(config: Config, clock: Clock): readonly CachedSource[] {
  const { ldap } = config.directory
  if (ldap?.mode !== 'live') return []
  return [cacheSource(ldapLiveCache(config, ldap), createLdapLive(ldapSettings(config, ldap), clock), clock)]
}

async function patiently(clock: Clock, mirrors: readonly Mirror[], work: (mirror: Mirror) => Promise<void>) {
  if (mirrors.length === 0) return
  const done = new AbortController()
  const late = clock.sleep(PATIENCE_MS, done.signal).catch(() => undefined)
  await Promise.race([Promise.all(mirrors.map(work)), late])
  done.abort()
}

function mirrorLog(source: string, log: Log): MirrorLog {
  return {
    taken: ({ version, counts }, { unused, notes, passwords }) => {
      log.info({ source, version, ...counts }, 'directory snapshot in use')
      const unreadable = [...passwords].filter(([, { password }]) => readStored(password).kind === 'bad')
      const users = unreadable.slice(0, MOST_EXAMPLES).map(([user]) => user)
      if (users.length > 0)
        log.warn({ source, unusable: unreadable.length, users }, 'passwords in a form that cannot be checked')
      if (unused > 0) log.warn({ source, unused, examples: notes }, 'directory entries that cannot be used')
    },
    trouble: ({ kind, cause }) =>
      log.error({ source, kind, cause }, 'directory not renewed: the last good snapshot goes on answering'),
    recovered: () => log.info({ source }, 'directory answers again'),
    disk: (what, cause) => log.error({ source, what, cause }, 'directory snapshots on disk'),
  }
}
