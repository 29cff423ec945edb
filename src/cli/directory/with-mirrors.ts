// The first half of the commands about mirrored sources and the files: loads the configuration and selects the sources.
// The commands read the files that the node wrote; orders are a file that the running node reads within a second.

import type { Config } from '../../config/config.ts'
import { formatProblem } from '../../config/problem.ts'
import { FILES_NAME } from '../../directory/snapshots/file-guard.ts'
import type { SnapshotStore } from '../../directory/snapshots/snapshot-store.ts'
import { sortContent } from '../../directory/snapshots/source-content.ts'
import type { SourceContent } from '../../directory/snapshots/source-content.ts'
import { openOfflineSources, planMirrors } from '../../directory/source-set.ts'
import type { MirrorPlan } from '../../directory/source-set.ts'
import type { SnapshotHeader } from '../../directory/snapshots/snapshot-file.ts'
import { systemClock } from '../../lib/clock.ts'
import { readDataFiles } from '../../node/data-files.ts'
import { fileContent } from '../../node/file-content.ts'
import { fileGuardPlan } from '../../wiring/file-guard-settings.ts'
import { sourceSettings } from '../../wiring/directory-settings.ts'
import { FAILED, line, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { withConfig } from '../with-config.ts'

export interface DirectoryOptions {
  readonly config: string
  readonly json?: boolean
  /** `ldap`, `sql` or `files`; optional if only one is configured. */
  readonly source?: string
}

/** A source with stored versions: a mirror, or the files of the node. */
export interface StoredSource {
  readonly key: MirrorPlan['key'] | typeof FILES_NAME
  readonly settings: Pick<MirrorPlan['settings'], 'name' | 'refreshMs'>
  readonly store: SnapshotStore
  /** Only of the files: what they contain now, or why they cannot be read. */
  readonly current?: () => Promise<SourceContent | string>
}

/** Runs `use` with the mirrored sources of the configuration and its files, or with the source of the command line. */
export function withSources(
  options: DirectoryOptions,
  io: Io,
  use: (sources: readonly StoredSource[]) => Promise<number>,
): Promise<number> | number {
  return withConfig(options.config, io, async (config) => {
    const all: readonly StoredSource[] = [...planMirrors(sourceSettings(config), systemClock), filesOf(config)]
    const chosen = all.filter((one) => options.source === undefined || one.key === options.source)
    if (chosen.length > 0) return await use(chosen)
    line(io.stderr, `found ${options.source}, expected one of: ${all.map(({ key }) => key).join(', ')}`)
    return USAGE
  })
}

/** The same for a command that needs one: that of the command line, the only mirror, or the files if nothing is mirrored. */
export function withSource(
  options: DirectoryOptions,
  io: Io,
  use: (source: StoredSource) => Promise<number>,
): Promise<number> | number {
  return withSources(options, io, async (all) => {
    const mirrors = all.filter(({ key }) => key !== FILES_NAME)
    const [only] = mirrors.length > 0 && options.source === undefined ? mirrors : all
    if (only && mirrors.length < 2) return await use(only)
    line(io.stderr, `found no source, expected one of: ${all.map(({ key }) => key).join(', ')}`)
    return USAGE
  })
}

function filesOf(config: Config): StoredSource {
  return {
    key: FILES_NAME,
    settings: { name: FILES_NAME, refreshMs: Number.POSITIVE_INFINITY },
    store: fileGuardPlan(config).store,
    current: async () => {
      const read = await readDataFiles(config, (await openOfflineSources(sourceSettings(config), systemClock)).list)
      const [problem] = read.problems
      const { directory } = read.directory
      if (problem || !directory) return problem ? formatProblem(problem) : 'the files cannot be read'
      return sortContent(fileContent(directory, read))
    },
  }
}

/** Runs `use` with the mirrored sources of the configuration, or with the source of the command line. */
export function withMirrors(
  options: DirectoryOptions,
  io: Io,
  use: (plans: readonly MirrorPlan[]) => Promise<number>,
): Promise<number> | number {
  return withConfig(options.config, io, async (config) => {
    const all = planMirrors(sourceSettings(config), systemClock)
    const plans = all.filter((plan) => options.source === undefined || plan.key === options.source)
    if (plans.length > 0) return await use(plans)
    line(io.stderr, noMirror(options, all))
    return USAGE
  })
}

/** The same for a command that needs exactly one source. */
export function withMirror(
  options: DirectoryOptions,
  io: Io,
  use: (plan: MirrorPlan) => Promise<number>,
): Promise<number> | number {
  return withMirrors(options, io, async (plans) => {
    const [plan] = plans
    if (plan && plans.length === 1) return await use(plan)
    line(io.stderr, `found no source, expected one of: ${plans.map(({ key }) => key).join(', ')}`)
    return USAGE
  })
}

function noMirror({ config, source }: DirectoryOptions, all: readonly MirrorPlan[]): string {
  if (all.length > 0) return `found ${source}, expected one of: ${all.map(({ key }) => key).join(', ')}`
  const found = source === undefined ? '' : `${source}, `
  return `found ${found}no mirrored source in ${config}, expected directory.sql, or directory.ldap with mode: mirror`
}

export function countText({ counts: { users, passwords, aliases, forwards } }: SnapshotHeader): string {
  return `${users} users, ${passwords} passwords, ${aliases} aliases, ${forwards} forwards`
}

export function timeText(at: number): string {
  return new Date(at).toISOString()
}

/** Prints why a command failed. */
export function fail(io: Io, reason: string): number {
  line(io.stderr, reason)
  return FAILED
}
