// TOML text to located values, the same that YAML gives, so that one set of readers judges both. The parser is loaded with the first
// TOML file: nodes without such files do not pay for it.

import { createRequire } from 'node:module'
import type { AST, ParseError, parseTOML } from 'toml-eslint-parser'
import type { Located, LocatedMap } from '../located.ts'
import type { Place, ProblemList } from '../data-problem.ts'

/** Characters. A team file has a few hundred lines; the parser takes up to 8 µs and 600 bytes of memory for a character. */
const TEXT_LIMIT = 65_536
/** Levels of lists and inline tables in a value, and parts of a key. No reader looks deeper than five. */
const DEPTH_LIMIT = 20

type Parser = { readonly parseTOML: typeof parseTOML; readonly ParseError: typeof ParseError }

interface Reader {
  readonly file: string
  readonly problems: ProblemList
}

/** A table while headers and dotted keys still add to it. */
interface OpenTable {
  readonly kind: 'open-table'
  readonly place: Place
  readonly entries: Map<string, OpenEntry>
}

/** The tables of `[[key]]` headers. */
interface OpenTables {
  readonly kind: 'open-tables'
  readonly place: Place
  readonly items: OpenTable[]
}

interface OpenEntry {
  readonly place: Place
  readonly value: OpenTable | OpenTables | Located
}

/** Reads one file. Returns null, and adds a problem, if the text is not valid TOML. */
export function readToml(file: string, text: string, problems: ProblemList): LocatedMap | null {
  const start = { file, line: 1, column: 1 }
  if (text.length > TEXT_LIMIT) {
    problems.error(
      start,
      `the file has more than ${TEXT_LIMIT} characters: split it, or name only files of teams and people`,
    )
    return null
  }
  const parser = createRequire(import.meta.url)('toml-eslint-parser') as Parser
  try {
    const program = parser.parseTOML(text.replace(/^\ufeff/, ''))
    return readProgram({ file, problems }, program)
  } catch (error) {
    if (error instanceof parser.ParseError) {
      const place = { file, line: error.lineNumber, column: error.column + 1 }
      problems.error(place, `not valid TOML: ${error.message}`)
    } else if (error instanceof RangeError) {
      // The parser calls itself for each closing bracket.
      problems.error(start, `not valid TOML: lists and tables are nested more than ${DEPTH_LIMIT} levels deep`)
    } else throw error
    return null
  }
}

/** Null if a key or a value is refused. */
function readProgram(reader: Reader, program: AST.TOMLProgram): LocatedMap | null {
  const [top] = program.body
  const root: OpenTable = { kind: 'open-table', place: { file: reader.file, line: 1, column: 1 }, entries: new Map() }
  let isWhole = true
  for (const node of top.body) {
    if (node.type === 'TOMLKeyValue') isWhole &&= addPair(reader, root, node, 0)
    else isWhole &&= addHeader(reader, root, node)
  }
  return isWhole ? closeTable(root) : null
}

/** `[a.b]` or `[[lists]]` and the pairs below it. */
function addHeader(reader: Reader, root: OpenTable, node: AST.TOMLTable): boolean {
  const place = placeOf(reader, node)
  const names = keyNames(reader, node.key)
  if (!names) return false
  const last = names.pop() as string
  const parent = names.reduce((table, name) => subTable(table, name, place), root)
  const table = node.kind === 'array' ? nextOf(parent, last, place) : subTable(parent, last, place)
  return node.body.every((pair) => addPair(reader, table, pair, 0))
}

/** `depth` counts the lists and inline tables around the pair. */
function addPair(reader: Reader, table: OpenTable, node: AST.TOMLKeyValue, depth: number): boolean {
  const place = placeOf(reader, node)
  const names = keyNames(reader, node.key)
  if (!names) return false
  const last = names.pop() as string
  const parent = names.reduce((outer, name) => subTable(outer, name, place), table)
  const value = readValue(reader, node.value, depth + 1)
  if (value) parent.entries.set(last, { place, value })
  return value !== null
}

/** The parts of a key; null, with the problem reported, for one that means something to JavaScript. Parts below the limit are dropped. */
function keyNames(reader: Reader, key: AST.TOMLKey): string[] | null {
  const names = key.keys.slice(0, DEPTH_LIMIT).map((part) => (part.type === 'TOMLBare' ? part.name : part.value))
  if (!names.includes('__proto__')) return names
  reader.problems.error(placeOf(reader, key), 'unsafe key "__proto__": remove it')
  return null
}

/** The table under a name, made if there is none; in a list of tables, the last one so far. */
function subTable(table: OpenTable, name: string, place: Place): OpenTable {
  const value = table.entries.get(name)?.value
  if (value?.kind === 'open-table') return value
  if (value?.kind === 'open-tables') return value.items.at(-1) as OpenTable
  const made: OpenTable = { kind: 'open-table', place, entries: new Map() }
  table.entries.set(name, { place, value: made })
  return made
}

/** One more table in the list of tables under a name. */
function nextOf(table: OpenTable, name: string, place: Place): OpenTable {
  const value = table.entries.get(name)?.value
  const list: OpenTables = value?.kind === 'open-tables' ? value : { kind: 'open-tables', place, items: [] }
  if (list !== value) table.entries.set(name, { place, value: list })
  const made: OpenTable = { kind: 'open-table', place, entries: new Map() }
  list.items.push(made)
  return made
}

function readValue(reader: Reader, node: AST.TOMLContentNode, depth: number): OpenTable | Located | null {
  const place = placeOf(reader, node)
  if (depth > DEPTH_LIMIT) {
    reader.problems.error(place, `lists and tables are nested more than ${DEPTH_LIMIT} levels deep`)
    return null
  }
  if (node.type === 'TOMLValue') return { kind: 'scalar', place, value: scalarOf(node) }
  if (node.type === 'TOMLInlineTable') {
    const table: OpenTable = { kind: 'open-table', place, entries: new Map() }
    return node.body.every((pair) => addPair(reader, table, pair, depth)) ? table : null
  }
  const items: Located[] = []
  for (const element of node.elements) {
    const item = readValue(reader, element, depth + 1)
    if (!item) return null
    items.push(close(item))
  }
  return { kind: 'list', place, items }
}

/** Dates stay as written. Account numbers are longer than the exact integers of JavaScript, so those become text. */
function scalarOf(node: AST.TOMLValue): string | number | boolean {
  if (node.kind === 'integer') return Number.isSafeInteger(node.value) ? node.value : String(node.bigint)
  return node.value instanceof Date ? (node as AST.TOMLDateTimeValue).datetime : node.value
}

function close(value: OpenTable | OpenTables | Located): Located {
  if (value.kind === 'open-table') return closeTable(value)
  return value.kind === 'open-tables' ? { kind: 'list', place: value.place, items: value.items.map(closeTable) } : value
}

function closeTable({ place, entries }: OpenTable): LocatedMap {
  const closed = [...entries].map(([key, entry]) => ({ key, place: entry.place, value: close(entry.value) }))
  return { kind: 'map', place, entries: closed }
}

function placeOf({ file }: Reader, { loc }: AST.TOMLNode): Place {
  return { file, line: loc.start.line, column: loc.start.column + 1 }
}
