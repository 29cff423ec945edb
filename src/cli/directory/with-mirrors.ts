// The first half of the commands about mirrored sources: loads the configuration and selects the sources.
// The commands read the files that the node wrote; orders are a file that the running node reads within a second.

import { planMirrors } from '../../directory/source-set.ts'
import type { MirrorPlan } from '../../directory/source-set.ts'
import type { SnapshotHeader } from '../../directory/snapshots/snapshot-file.ts'
import { systemClock } from '../../lib/clock.ts'
import { sourceSettings } from '../../wiring/directory-settings.ts'
import { FAILED, line, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { withConfig } from '../with-config.ts'

export interface DirectoryOptions {
  readonly config: string
  readonly json?: boolean
  /** `ldap` or `sql`; optional if only one is configured. */
  readonly source?: string
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
