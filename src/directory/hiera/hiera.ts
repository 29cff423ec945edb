// Hiera 5, read directly: hiera.yaml, its levels, and a look-up of one key over them with the site's lookup_options.
// Room: directory. Data formats: YAML and JSON. Other back ends and encrypted values are refused by name; nothing is executed.

import { dirname, isAbsolute, join } from 'node:path'
import { describeUnread } from '../files/files.ts'
import type { Files } from '../files/files.ts'
import { mergeLevels, readMergeOptions } from './hiera-merge.ts'
import type { MergeOptions } from './hiera-merge.ts'
import { interpolatePath, interpolateValue } from './hiera-scope.ts'
import type { HieraScope } from './hiera-scope.ts'
import type { Located, LocatedMap } from '../located.ts'
import { describeLocated, entryOf, textOf } from '../located.ts'
import { collectProblems } from '../data-problem.ts'
import type { Place, ProblemList } from '../data-problem.ts'
import { readYaml } from '../files/yaml-file.ts'

/** One data file of the hierarchy. */
export interface HieraLevel {
  readonly name: string
  readonly path: string
  readonly data: LocatedMap
}

export interface Hiera {
  /** The files that were read, hiera.yaml first: what a watcher watches. */
  readonly files: readonly string[]
  /** Folders that change when a file of a glob comes or goes. */
  readonly folders: readonly string[]
  /** All keys of all levels with the place of the highest. */
  keys(): ReadonlyMap<string, Place>
  /** One key over all levels, merged and interpolated. Null if no level has it. `otherwise` applies without lookup_options. */
  lookup(key: string, otherwise?: MergeOptions): Located | null
}

/** A look-up inside a look-up inside …: deeper is a circle. */
const NESTING_LIMIT = 20
const FIRST: MergeOptions = { strategy: 'first' }
const hierarchyKeys = ['name', 'datadir', 'data_hash', 'lookup_key', 'options', 'path', 'paths', 'glob', 'globs']
const defaultKeys = ['datadir', 'data_hash', 'lookup_key', 'options']
const pathKeys = ['path', 'paths', 'glob', 'globs']
const topKeys = ['version', 'defaults', 'hierarchy']
const backEnds = ['yaml_data', 'json_data', 'eyaml_lookup_key']

interface Opening {
  readonly files: Files
  readonly scope: HieraScope
  readonly problems: ProblemList
  readonly read: string[]
  readonly folders: Set<string>
  /** Some level is good, so that files were looked for; some file was there. */
  asked: boolean
  found: boolean
}

/** Opens a hiera.yaml and all data files that exist for this node. Faults go to `problems`. */
export function openHiera(
  file: string,
  scope: HieraScope,
  given: { readonly files: Files; readonly problems: ProblemList },
): Hiera {
  const opening: Opening = {
    files: given.files,
    scope,
    problems: given.problems,
    read: [file],
    folders: new Set(),
    asked: false,
    found: false,
  }
  const levels = openLevels(file, opening)
  const options = new LookupOptions(levels, given.problems)
  const nested = (depth: number) => (key: string) =>
    lookup(key, FIRST, depth) ?? dig(key, (root) => lookup(root, FIRST, depth))
  const lookup = (key: string, otherwise: MergeOptions = FIRST, depth = 0): Located | null => {
    if (depth > NESTING_LIMIT) return null
    const values = levels.flatMap((level) => entryOf(level.data, key)?.value ?? [])
    const how = { scope, problems: given.problems, lookup: nested(depth + 1) }
    const named = options.of(key)
    if (!named && otherwise === FIRST) warnHidden(key, values, given.problems)
    const filled = values.map((value) => interpolateValue(value, how))
    return mergeLevels(filled, named ?? otherwise, given.problems)
  }
  return {
    files: opening.read,
    folders: [...opening.folders],
    keys: () => allKeys(levels),
    lookup: (key, otherwise) => lookup(key, otherwise),
  }
}

/** `lookup('a.b.0')` looks up `a` and goes down into it, as Hiera does with keys that have dots. */
function dig(key: string, lookup: (root: string) => Located | null): Located | null {
  const [root = '', ...path] = key.split('.')
  let value = path.length === 0 ? null : lookup(root)
  for (const part of path) {
    if (value?.kind === 'map') value = entryOf(value, part)?.value ?? null
    else value = value?.kind === 'list' && /^\d+$/.test(part) ? (value.items[Number(part)] ?? null) : null
  }
  return value
}

/** Hiera's `first` hides lower levels; that is seldom meant when mappings or lists are hidden. */
function warnHidden(key: string, values: readonly Located[], problems: ProblemList): void {
  const [first, second] = values
  if (!first || !second || first.kind === 'scalar') return
  problems.warn(
    second.place,
    `"${key}" here is hidden by ${first.place.file}:${first.place.line}: set lookup_options "${key}: { merge: deep }"`,
  )
}

function openLevels(file: string, opening: Opening): readonly HieraLevel[] {
  const text = opening.files.read(file)
  if (text.kind !== 'found') {
    opening.problems.error(whole(file), describeUnread(text))
    return []
  }
  const faults = collectProblems()
  const root = readYaml(file, text.text, faults)
  for (const fault of faults.problems) opening.problems.error(fault, fault.message)
  if (!root) {
    // A file that an editor or a full disk has emptied must not empty the directory.
    if (faults.problems.length === 0)
      opening.problems.error(whole(file), 'the file is empty: expected "version: 5" (Hiera 5)')
    return []
  }
  const version = entryOf(root, 'version')
  if (!version || textOf(version.value) !== '5') {
    opening.problems.error(version?.value.place ?? root.place, 'expected "version: 5" (Hiera 5)')
    return []
  }
  tellUnsupported(root, topKeys, opening.problems)
  const defaults = entryOf(root, 'defaults')?.value
  if (defaults && defaults.kind !== 'map')
    opening.problems.error(defaults.place, `expected a mapping of defaults, found ${describeLocated(defaults)}`)
  else if (defaults) tellUnsupported(defaults, defaultKeys, opening.problems)
  const hierarchy = entryOf(root, 'hierarchy')?.value ?? defaultHierarchy(root.place)
  const items = hierarchy.kind === 'list' ? hierarchy.items : []
  if (hierarchy.kind !== 'list') opening.problems.error(hierarchy.place, 'expected a list of levels')
  const levels = items.flatMap((item) =>
    openLevel(item, defaults?.kind === 'map' ? defaults : null, dirname(file), opening),
  )
  // One that exists nowhere is usual; if none does, the place is wrong, and an empty directory would refuse all mail.
  if (opening.asked && !opening.found)
    opening.problems.warn(hierarchy.place, 'no file of this hierarchy exists here: nothing is read')
  return levels
}

/** What Hiera assumes without `hierarchy:`. */
function defaultHierarchy(place: Place): Located {
  const scalar = (value: string): Located => ({ kind: 'scalar', place, value })
  const entries = [
    { key: 'name', place, value: scalar('Common') },
    { key: 'path', place, value: scalar('common.yaml') },
  ]
  return { kind: 'list', place, items: [{ kind: 'map', place, entries }] }
}

function openLevel(item: Located, defaults: LocatedMap | null, base: string, opening: Opening): readonly HieraLevel[] {
  if (item.kind !== 'map') {
    opening.problems.error(item.place, `expected a level with name and path, found ${describeLocated(item)}`)
    return []
  }
  tellUnsupported(item, hierarchyKeys, opening.problems)
  const field = (key: string) => entryOf(item, key)?.value ?? (defaults ? entryOf(defaults, key)?.value : undefined)
  const backEnd = field('lookup_key') ?? field('data_hash')
  if (backEnd && !backEnds.includes(textOf(backEnd) ?? '')) {
    opening.problems.error(backEnd.place, `back end ${describeLocated(backEnd)} is not read: use YAML or JSON data`)
    return []
  }
  if (!pathKeys.some((key) => entryOf(item, key))) {
    opening.problems.error(item.place, `a level without a path reads nothing: expected one of ${pathKeys.join(', ')}`)
    return []
  }
  opening.asked = true
  const name = textOf(field('name') ?? item) ?? 'level'
  const datadirText = interpolatePath(textOf(field('datadir') ?? item) ?? 'data', opening.scope)
  const datadir = isAbsolute(datadirText) ? datadirText : join(base, datadirText)
  return levelPaths(item, datadir, opening).flatMap((path) => openData(name, path, opening))
}

function tellUnsupported(map: LocatedMap, supported: readonly string[], problems: ProblemList): void {
  for (const entry of map.entries) {
    if (!supported.includes(entry.key))
      problems.error(entry.place, `"${entry.key}" is not supported here: ${supported.join(', ')}`)
  }
}

function levelPaths(item: LocatedMap, datadir: string, opening: Opening): readonly string[] {
  const texts = (key: string): readonly string[] => {
    const value = entryOf(item, key)?.value
    const list = value === undefined ? [] : value.kind === 'list' ? value.items : [value]
    return list.map((each) => interpolatePath(textOf(each) ?? '', opening.scope)).filter((text) => text !== '')
  }
  const plain = [...texts('path'), ...texts('paths')].map((path) => (isAbsolute(path) ? path : join(datadir, path)))
  const globs = [...texts('glob'), ...texts('globs')].flatMap((pattern) => {
    const found = opening.files.glob(datadir, pattern)
    for (const folder of [fixedPart(datadir, pattern), ...found.map(dirname)]) opening.folders.add(folder)
    return found
  })
  return [...plain, ...globs]
}

/** The folder below which a glob looks: what stands before its first part with a wildcard. */
function fixedPart(datadir: string, pattern: string): string {
  const folders = dirname(pattern).split('/')
  const wild = folders.findIndex((part) => /[*?[{]/.test(part))
  const fixed = folders.slice(0, wild < 0 ? undefined : wild).join('/')
  return isAbsolute(pattern) ? fixed || '/' : join(datadir, fixed)
}

function openData(name: string, path: string, opening: Opening): readonly HieraLevel[] {
  const text = opening.files.read(path)
  opening.read.push(path)
  if (text.kind !== 'found' && text.kind !== 'absent') opening.problems.error(whole(path), describeUnread(text))
  if (text.kind !== 'found') return []
  opening.found = true
  const data = readYaml(path, text.text, opening.problems)
  return data ? [{ name, path, data }] : []
}

function allKeys(levels: readonly HieraLevel[]): ReadonlyMap<string, Place> {
  const keys = new Map<string, Place>()
  for (const level of levels) {
    for (const entry of level.data.entries) if (!keys.has(entry.key)) keys.set(entry.key, entry.place)
  }
  return keys
}

function whole(file: string): Place {
  return { file, line: 0, column: 0 }
}

/** The merged `lookup_options` of all levels: exact keys before patterns (`^mail::`). */
class LookupOptions {
  readonly #exact = new Map<string, MergeOptions>()
  readonly #patterns: { readonly pattern: RegExp; readonly options: MergeOptions }[] = []

  constructor(levels: readonly HieraLevel[], problems: ProblemList) {
    const values = levels.flatMap((level) => entryOf(level.data, 'lookup_options')?.value ?? [])
    const merged = mergeLevels(values, { strategy: 'hash' }, problems)
    for (const entry of merged?.kind === 'map' ? merged.entries : []) {
      const merge = entry.value.kind === 'map' ? entryOf(entry.value, 'merge') : undefined
      if (!merge) continue
      const options = readMergeOptions(merge.value, problems)
      if (!entry.key.startsWith('^')) this.#exact.set(entry.key, options)
      else this.#addPattern(entry.key, options, entry.place, problems)
    }
  }

  of(key: string): MergeOptions | undefined {
    return this.#exact.get(key) ?? this.#patterns.find((each) => each.pattern.test(key))?.options
  }

  #addPattern(key: string, options: MergeOptions, place: Place, problems: ProblemList): void {
    try {
      // Without flags: of other modules' patterns the strict modes refuse what Ruby takes, such as [\w-].
      this.#patterns.push({ pattern: new RegExp(key), options })
    } catch {
      problems.error(place, `lookup_options: "${key}" is no regular expression`)
    }
  }
}
