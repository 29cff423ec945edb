// Opens the levels of a hiera.yaml (Hiera 5): its defaults, paths, globs and data files. Data are YAML or JSON; other back ends and
// encrypted values are refused by name.

import { dirname, isAbsolute, join } from 'node:path'
import { collectProblems } from '../data-problem.ts'
import type { Place, ProblemList } from '../data-problem.ts'
import { describeUnread } from '../files/files.ts'
import type { Files } from '../files/files.ts'
import { readYaml } from '../files/yaml-file.ts'
import { describeLocated, entryOf, textOf } from '../located.ts'
import type { Located, LocatedMap } from '../located.ts'
import { interpolatePath } from './hiera-scope.ts'
import type { HieraScope } from './hiera-scope.ts'

export interface OpenedLevels {
  /** The data files of the hierarchy, highest level first. */
  readonly levels: readonly LocatedMap[]
  /** The files that were read, hiera.yaml first. */
  readonly files: readonly string[]
  /** Folders that change when a file of a glob is added or removed. */
  readonly folders: readonly string[]
}

const topKeys = ['version', 'defaults', 'hierarchy']
const defaultKeys = ['datadir', 'data_hash', 'lookup_key', 'options']
const pathKeys = ['path', 'paths', 'glob', 'globs']
const hierarchyKeys = ['name', ...defaultKeys, ...pathKeys]
const backEnds = ['yaml_data', 'json_data', 'eyaml_lookup_key']

interface Opening {
  readonly files: Files
  readonly scope: HieraScope
  readonly problems: ProblemList
  readonly read: string[]
  readonly folders: Set<string>
  /** True once a valid level named files. */
  isSearched: boolean
  /** True once one of these files exists. */
  isFound: boolean
}

/** Opens all levels. Errors go to `problems`. */
export function openLevels(
  file: string,
  scope: HieraScope,
  given: { readonly files: Files; readonly problems: ProblemList },
): OpenedLevels {
  const opening: Opening = {
    ...given,
    scope,
    read: [file],
    folders: new Set(),
    isSearched: false,
    isFound: false,
  }
  const root = readRoot(file, opening)
  const levels = root ? openHierarchy(root, dirname(file), opening) : []
  return { levels, files: opening.read, folders: [...opening.folders] }
}

/** The mapping of a hiera.yaml of version 5, or null. */
function readRoot(file: string, { files, problems }: Opening): LocatedMap | null {
  const text = files.read(file)
  if (text.kind !== 'found') {
    problems.error(whole(file), describeUnread(text))
    return null
  }
  const faults = collectProblems()
  const root = readYaml(file, text.text, faults)
  for (const fault of faults.problems) problems.error(fault, fault.message)
  if (!root) {
    // A file that an editor or a full disk has truncated must not empty the directory.
    if (faults.problems.length === 0) {
      problems.error(whole(file), 'the file is empty: expected "version: 5" (Hiera 5)')
    }
    return null
  }
  const version = entryOf(root, 'version')
  if (version && textOf(version.value) === '5') return root
  problems.error(version?.value.place ?? root.place, 'expected "version: 5" (Hiera 5)')
  return null
}

function openHierarchy(root: LocatedMap, base: string, opening: Opening): readonly LocatedMap[] {
  const { problems } = opening
  refuseUnsupported(root, topKeys, problems)
  const defaults = entryOf(root, 'defaults')?.value
  if (defaults && defaults.kind !== 'map') {
    problems.error(defaults.place, `expected a mapping of defaults, found ${describeLocated(defaults)}`)
  } else if (defaults) refuseUnsupported(defaults, defaultKeys, problems)
  const hierarchy = entryOf(root, 'hierarchy')?.value ?? defaultHierarchy(root.place)
  if (hierarchy.kind !== 'list') {
    problems.error(hierarchy.place, `expected a list of levels, found ${describeLocated(hierarchy)}`)
    return []
  }
  const usable = defaults?.kind === 'map' ? defaults : null
  const levels = hierarchy.items.flatMap((item) => openLevel(item, usable, base, opening))
  // A level without a file is usual. If no level has one, the path is wrong, and an empty directory would refuse all mail.
  if (opening.isSearched && !opening.isFound) {
    problems.warn(hierarchy.place, 'no file of this hierarchy exists: check "datadir" and the paths')
  }
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

function openLevel(item: Located, defaults: LocatedMap | null, base: string, opening: Opening): readonly LocatedMap[] {
  if (item.kind !== 'map') {
    opening.problems.error(item.place, `expected a level with name and path, found ${describeLocated(item)}`)
    return []
  }
  refuseUnsupported(item, hierarchyKeys, opening.problems)
  const field = (key: string) => entryOf(item, key)?.value ?? (defaults ? entryOf(defaults, key)?.value : undefined)
  const backEnd = field('lookup_key') ?? field('data_hash')
  if (backEnd && !backEnds.includes(textOf(backEnd) ?? '')) {
    const found = describeLocated(backEnd)
    opening.problems.error(backEnd.place, `back end ${found} is not supported: use YAML or JSON data`)
    return []
  }
  if (!pathKeys.some((key) => entryOf(item, key))) {
    opening.problems.error(item.place, `a level needs one of ${pathKeys.join(', ')}`)
    return []
  }
  opening.isSearched = true
  const datadirText = interpolatePath(textOf(field('datadir') ?? item) ?? 'data', opening.scope)
  const datadir = isAbsolute(datadirText) ? datadirText : join(base, datadirText)
  return levelPaths(item, datadir, opening).flatMap((path) => openData(path, opening))
}

function refuseUnsupported(map: LocatedMap, supported: readonly string[], problems: ProblemList): void {
  for (const entry of map.entries) {
    if (supported.includes(entry.key)) continue
    problems.error(entry.place, `"${entry.key}" is not supported here: expected ${supported.join(', ')}`)
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

/** The folder under which a glob searches: the part before its first wildcard. */
function fixedPart(datadir: string, pattern: string): string {
  const folders = dirname(pattern).split('/')
  const wild = folders.findIndex((part) => /[*?[{]/.test(part))
  const fixed = folders.slice(0, wild < 0 ? undefined : wild).join('/')
  return isAbsolute(pattern) ? fixed || '/' : join(datadir, fixed)
}

function openData(path: string, opening: Opening): readonly LocatedMap[] {
  const text = opening.files.read(path)
  opening.read.push(path)
  if (text.kind !== 'found' && text.kind !== 'absent') opening.problems.error(whole(path), describeUnread(text))
  if (text.kind !== 'found') return []
  opening.isFound = true
  const data = readYaml(path, text.text, opening.problems)
  return data ? [data] : []
}

function whole(file: string): Place {
  return { file, line: 0, column: 0 }
}
