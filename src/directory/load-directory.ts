// Loads all sources of routing data into one snapshot, or reports every problem. Files are read through a port only; a reload loads again
// and replaces the snapshot.

import { readAliasesFile } from './files/aliases-file.ts'
import { checkEmpty } from './check/check-empty.ts'
import { checkGraph } from './check/check-graph.ts'
import type { GraphSeverity } from './check/check-graph.ts'
import { checkHidden } from './check/check-hidden.ts'
import { diskFiles, describeUnread } from './files/files.ts'
import type { Files } from './files/files.ts'
import { openHiera } from './hiera/hiera.ts'
import type { Hiera } from './hiera/hiera.ts'
import type { HieraScope } from './hiera/hiera-scope.ts'
import { createBuilder } from './read/snapshot-builder.ts'
import {
  NAMESPACE,
  foreignKeys,
  foreignMerge,
  nearestKey,
  ownSection,
  ownSections,
  unusedKeys,
} from './read/mail-keys.ts'
import type { Section } from './read/mail-keys.ts'
import { mailPathsAt } from './files/mail-paths.ts'
import { collectProblems } from './data-problem.ts'
import type { Place, Problem, ProblemList } from './data-problem.ts'
import { linkRoles } from './read/read-aliases.ts'
import { checkAliasDomains } from './read/read-domains.ts'
import { readLayers } from './read/read-layers.ts'
import { checkVerifiable } from './read/read-verifiable.ts'
import type { MailLayer } from './read/read-layers.ts'
import { compileSnapshot } from './snapshot.ts'
import type { Snapshot } from './snapshot.ts'
import { loadTeams } from './teams/load-teams.ts'
import { readYaml } from './files/yaml-file.ts'

export interface DirectorySettings {
  /** Bare names belong to it; it is always ours. */
  readonly mainDomain: string
  /** Path of a hiera.yaml. */
  readonly hiera?: string
  /**
   * Plain mail.yaml files, aliases(5) files (any name without .yaml, .yml, .json, .toml), folders of per-host fragments (every *.yaml in
   * them is a separate mail.yaml), and TOML files of people and teams, or folders with people/*.toml and teams/*.toml.
   */
  readonly mail?: readonly string[]
  /** For Hiera's interpolation. */
  readonly scope: HieraScope
  /** The severity of loops and dangling targets. */
  readonly graph?: GraphSeverity
  /** True for an address that LDAP or SQL has or may have, so that a target does not dangle. */
  readonly isKnownElsewhere?: (key: string) => boolean
}

export interface LoadedDirectory {
  /** Null if any problem is an error. */
  readonly directory: Snapshot | null
  readonly problems: readonly Problem[]
  /** All files that were read, for a watcher. */
  readonly files: readonly string[]
  /** Folders, other than those of the settings, that change when a file is added or removed. */
  readonly folders: readonly string[]
}

/** Loads all sources and reports all problems. */
export function loadDirectory(settings: DirectorySettings, files: Files = diskFiles): LoadedDirectory {
  const list = collectProblems()
  const read: string[] = []
  const folders: string[] = []
  const layers: MailLayer[] = []
  const builder = createBuilder(settings.mainDomain, list)
  if (settings.isKnownElsewhere) builder.isKnownElsewhere = settings.isKnownElsewhere
  if (settings.hiera !== undefined) {
    const hiera = openHiera(settings.hiera, settings.scope, { files, problems: list })
    layers.push(hieraLayer(hiera, list))
    read.push(...hiera.files)
    folders.push(...hiera.folders)
  }
  const paths = (settings.mail ?? []).map((each) => mailPathsAt(each, files, list))
  for (const path of paths.flatMap((each) => each.plain)) {
    read.push(path)
    const layer = fileLayer(path, files, list)
    if (layer) layers.push(layer)
  }
  const teamFiles = paths.flatMap((each) => each.teams)
  read.push(...teamFiles)
  const lists = loadTeams(builder, teamFiles, files)
  if (lists) layers.push({ values: [{ section: 'aliases', value: lists }], overriding: false })
  readLayers(builder, layers)
  linkRoles(builder)
  checkAliasDomains(builder)
  checkVerifiable(builder)
  if (!hasError(list.problems)) {
    checkGraph(builder, settings.graph)
    checkEmpty(builder)
    checkHidden(builder)
  }
  return {
    directory: hasError(list.problems) ? null : compileSnapshot(builder),
    problems: list.problems,
    files: read,
    folders: [...folders, ...paths.flatMap((each) => each.folders)],
  }
}

function hasError(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error')
}

/** Mail data of the hierarchy; keys of other modules are ignored. */
function hieraLayer(hiera: Hiera, problems: ProblemList): MailLayer {
  const values: { section: Section; value: ReturnType<Hiera['lookup']> & object }[] = []
  for (const [key, place] of hiera.keys()) {
    const own = key.startsWith(NAMESPACE) ? ownSection(key) : null
    const foreign = foreignKeys.get(key)
    if ((key.startsWith(NAMESPACE) && !own) || isMisspeltKey(key)) reportUnknown(key, place, problems)
    if (unusedKeys.has(key)) warnUnused(key, place, problems)
    const section = own ?? foreign
    const value = section ? hiera.lookup(key, own ? undefined : foreignMerge) : null
    if (section && value) values.push({ section, value })
  }
  return { values, overriding: true }
}

/** True for misspelt keys such as `mail:aliases` and `Mail::aliases`, which no module has. */
function isMisspeltKey(key: string): boolean {
  const corrected = key
    .trim()
    .toLowerCase()
    .replace(/^mail:+/, NAMESPACE)
  return corrected !== key && corrected.startsWith(NAMESPACE) && ownSection(corrected) !== null
}

/** One file: a mail.yaml without unknown keys, or aliases(5) if its name has no extension of YAML or JSON. */
function fileLayer(path: string, files: Files, problems: ProblemList): MailLayer | null {
  const text = files.read(path)
  const whole: Place = { file: path, line: 0, column: 0 }
  if (text.kind !== 'found') {
    problems.error(whole, describeUnread(text))
    return null
  }
  if (!/\.(?:ya?ml|json)$/.test(path)) {
    return { values: [{ section: 'aliases', value: readAliasesFile(path, text.text, problems) }], overriding: false }
  }
  const root = readYaml(path, text.text, problems)
  const values: { section: Section; value: MailLayer['values'][number]['value'] }[] = []
  for (const entry of root?.entries ?? []) {
    const section = ownSection(entry.key) ?? foreignKeys.get(entry.key)
    if (section) values.push({ section, value: entry.value })
    else if (unusedKeys.has(entry.key)) warnUnused(entry.key, entry.place, problems)
    else reportUnknown(entry.key, entry.place, problems)
  }
  return { values, overriding: false }
}

function warnUnused(key: string, place: Place, problems: ProblemList): void {
  problems.warn(place, `"${key}" is not used: ${unusedKeys.get(key)}`)
}

function reportUnknown(key: string, place: Place, problems: ProblemList): void {
  const nearest = nearestKey(key)
  const advice = nearest ? `did you mean "${nearest}"?` : `expected one of ${ownSections.join(', ')}`
  problems.error(place, `unknown key "${key}": ${advice}`)
}
