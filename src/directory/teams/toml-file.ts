// TOML text to located values, the same that YAML gives, so that one set of readers judges both.
// Room: directory. The parser is loaded at the first TOML file: sites without them never pay for it.

import { createRequire } from 'node:module'
import type { TomlError, parse } from 'smol-toml'
import type { Located, LocatedMap } from '../located.ts'
import type { Place, ProblemList } from '../data-problem.ts'
import { PATH_LIMIT, pathKey, tomlPlaces } from './toml-places.ts'
import type { TomlPlaces } from './toml-places.ts'

/** A team file has a few hundred lines; a larger one is none, and would cost memory before anybody looked at it. */
const TEXT_LIMIT = 1_048_576

type Toml = { readonly parse: typeof parse; readonly TomlError: typeof TomlError }

interface Reader {
  readonly file: string
  readonly places: TomlPlaces
  readonly lineStarts: readonly number[]
}

/** Reads one file; null, with the problem told, if it is no TOML. */
export function readToml(file: string, text: string, problems: ProblemList): LocatedMap | null {
  if (text.length > TEXT_LIMIT) {
    problems.error(
      { file, line: 1, column: 1 },
      `more than ${TEXT_LIMIT} characters: this is no file of a team or person`,
    )
    return null
  }
  const library = createRequire(import.meta.url)('smol-toml') as Toml
  try {
    // Numbers of accounts are longer than what a number of JavaScript holds.
    const options = { maxDepth: PATH_LIMIT, integersAsBigInt: 'asNeeded', unsafeKeyBehaviour: 'throw' } as const
    const root = library.parse(text, options)
    const reader: Reader = { file, places: tomlPlaces(text), lineStarts: startsOfLines(text) }
    return locateTable(reader, root, [])
  } catch (error) {
    if (!(error instanceof library.TomlError)) throw error
    const reason = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '') ?? ''
    problems.error({ file, line: error.line, column: error.column }, `no TOML: ${reason}`)
    return null
  }
}

/** Dotted keys and headers may nest tables without limit: what lies deeper than any reader looks is left out. */
function locate(reader: Reader, value: unknown, path: readonly string[]): Located {
  const place = placeOf(reader, path, 'value')
  if (path.length >= PATH_LIMIT) return { kind: 'scalar', place, value: null }
  if (Array.isArray(value)) {
    return { kind: 'list', place, items: value.map((item, index) => locate(reader, item, [...path, String(index)])) }
  }
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    return locateTable(reader, value as Readonly<Record<string, unknown>>, path)
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { kind: 'scalar', place, value }
  }
  return { kind: 'scalar', place, value: value instanceof Date ? value.toISOString() : String(value) }
}

function locateTable(reader: Reader, table: Readonly<Record<string, unknown>>, path: readonly string[]): LocatedMap {
  const entries = Object.entries(table).map(([key, value]) => {
    const inner = [...path, key]
    return { key, place: placeOf(reader, inner, 'key'), value: locate(reader, value, inner) }
  })
  return { kind: 'map', place: placeOf(reader, path, 'value'), entries }
}

/** What was not noted stands, at worst, where the table around it begins. */
function placeOf(reader: Reader, path: readonly string[], which: 'key' | 'value'): Place {
  for (let length = path.length; length > 0; length -= 1) {
    const noted = reader.places.get(pathKey(path.slice(0, length)))
    if (noted) return placeAt(reader, noted[which])
  }
  return { file: reader.file, line: 1, column: 1 }
}

function placeAt(reader: Reader, offset: number): Place {
  let low = 0
  let high = reader.lineStarts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((reader.lineStarts[middle] as number) <= offset) low = middle
    else high = middle - 1
  }
  return { file: reader.file, line: low + 1, column: offset - (reader.lineStarts[low] as number) + 1 }
}

function startsOfLines(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
