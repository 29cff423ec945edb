// Reads YAML text as Ruby's Hiera does (YAML 1.1, merge keys, anchors) into located values. Duplicate keys are found here, because the
// library's own check takes quadratic time.

import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import type { Alias, Document, Node, Pair, YAMLError, YAMLMap, YAMLSeq } from 'yaml'
import type { Located, LocatedEntry, LocatedMap, Scalar } from '../located.ts'
import { collectProblems } from '../data-problem.ts'
import type { Place, ProblemList } from '../data-problem.ts'
import { readYamlLines } from './yaml-lines.ts'

/** Depth of nested aliases and maps, so that anchors cannot fill the memory. */
const DEPTH_LIMIT = 50
/** Values copied from repeated anchors: real files share a few lists, an attack nests them. */
const COPY_LIMIT = 100_000

/** Characters above which readYamlLines is tried first: the library's syntax tree takes seconds and hundreds of megabytes. */
const QUICK_FROM = 65_536

/** YAML as in Ruby. Messages without source lines, whose numbers would count from the start of the part. */
const options = { version: '1.1', merge: true, uniqueKeys: false, prettyErrors: false } as const

interface Reader {
  readonly file: string
  readonly text: string
  /** Lines of the file before the text. */
  readonly before: number
  readonly document: Document
  readonly lines: LineCounter
  readonly problems: ProblemList
  /** Values copied from anchors so far, and the depth of anchors being copied. */
  copies: number
  inside: number
}

/** Reads one file. Null if it is empty, is not a mapping, or has errors, which go to `problems`. */
export function readYaml(file: string, text: string, problems: ProblemList): LocatedMap | null {
  const quick = text.length < QUICK_FROM ? null : readYamlLines(file, text, (part, line) => readPart(file, part, line))
  return quick ?? readWhole({ file, text, before: 0 }, problems)
}

/** Lines that are a mapping by themselves. Null on any error: reading the whole file then reports it. */
function readPart(file: string, text: string, firstLine: number): LocatedMap | null {
  const list = collectProblems()
  const value = readWhole({ file, text, before: firstLine - 1 }, list)
  return list.problems.length === 0 ? value : null
}

function readWhole(
  source: { readonly file: string; readonly text: string; readonly before: number },
  problems: ProblemList,
): LocatedMap | null {
  const lines = new LineCounter()
  const document = parseDocument(source.text, { ...options, lineCounter: lines })
  const reader: Reader = { ...source, document, lines, problems, copies: 0, inside: 0 }
  for (const error of document.errors) {
    problems.error(placeAt(reader, error.pos[0]), wordsOf(error))
  }
  if (document.errors.length > 0 || document.contents === null) return null
  const value = locate(reader, document.contents, 0)
  if (value.kind === 'map') return value
  if (value.kind === 'scalar' && value.value === null) return null
  problems.error(value.place, 'expected a mapping of keys at the top of the file')
  return null
}

/** The library's messages for several documents and deep nesting are for programmers. */
function wordsOf({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document ("---") begins here: expected a single document'
  return message.includes('call stack') ? 'data are nested too deeply' : message
}

function locate(reader: Reader, node: Node, depth: number): Located {
  const place = placeAt(reader, node.range?.[0] ?? 0)
  if (reader.inside > 0) reader.copies += 1
  if (depth > DEPTH_LIMIT || reader.copies > COPY_LIMIT) {
    if (reader.copies <= COPY_LIMIT + 1)
      reader.problems.error(place, 'data are nested too deeply, or repeat too many anchors')
    return { kind: 'scalar', place, value: null }
  }
  if (isAlias(node)) return locateAlias(reader, node, depth)
  if (isMap(node)) return locateMap(reader, node, depth)
  if (isSeq(node)) {
    const items = node.items.map((item) => locate(reader, item as Node, depth + 1))
    return { kind: 'list', place, items, ...flowComment(node) }
  }
  return locateScalar(node, place)
}

function locateAlias(reader: Reader, node: Alias, depth: number): Located {
  const target = node.resolve(reader.document)
  if (!target) {
    const place = placeAt(reader, node.range?.[0] ?? 0)
    reader.problems.error(place, `no anchor named ${node.source}`)
    return { kind: 'scalar', place, value: null }
  }
  reader.inside += 1
  const value = locate(reader, target, depth + 1)
  reader.inside -= 1
  return value
}

function locateScalar(node: Node, place: Place): Located {
  if (!isScalar(node)) return { kind: 'scalar', place, value: null }
  const value = scalarValue(node.value, node.source)
  const written = typeof value === 'string' || node.source === undefined ? {} : { written: node.source }
  // The library attaches the comment lines after an empty value to it; they belong to the next entry.
  const words = value === null ? undefined : node.comment?.trim()
  const comment = words ? { comment: words } : {}
  const block = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED' ? { block: true as const } : {}
  return { kind: 'scalar', place, value, ...written, ...comment, ...block }
}

/** Dates and binary data have no meaning in mail data, so their text is used. */
function scalarValue(value: unknown, source: string | undefined): Scalar {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return source ?? null
}

function locateMap(reader: Reader, node: YAMLMap, depth: number): LocatedMap {
  const place = placeAt(reader, node.range?.[0] ?? 0)
  const entries = new Map<string, LocatedEntry>()
  const merged: LocatedEntry[] = []
  for (const pair of node.items) {
    const entry = locatePair(reader, pair as Pair<Node, Node | null>, depth)
    if (entry.key === '<<') {
      merged.push(...mergedEntries(reader, entry))
      continue
    }
    const first = entries.get(entry.key)
    if (first)
      reader.problems.error(entry.place, `duplicate key "${entry.key}", first written in line ${first.place.line}`)
    else entries.set(entry.key, entry)
  }
  // Explicit keys override merged ones, earlier merges override later ones (YAML 1.1 merge type).
  for (const entry of merged) if (!entries.has(entry.key)) entries.set(entry.key, entry)
  return { kind: 'map', place, entries: [...entries.values()], ...flowComment(node) }
}

/** The comment after `[kim, lee]` or `{ to: kim }`; further lines belong to the next entry. */
function flowComment(node: YAMLMap | YAMLSeq): { readonly comment?: string } {
  const comment = node.flow ? node.comment?.split('\n')[0]?.trim() : undefined
  return comment ? { comment } : {}
}

function locatePair(reader: Reader, pair: Pair<Node, Node | null>, depth: number): LocatedEntry {
  const place = placeAt(reader, pair.key.range?.[0] ?? 0)
  const value: Located = pair.value ? locate(reader, pair.value, depth + 1) : { kind: 'scalar', place, value: null }
  const key = keyText(pair.key)
  if (value.kind === 'scalar' || isAlias(pair.value) || value.comment !== undefined) return { key, place, value }
  const comment = commentBehindKey(reader, pair.key)
  return { key, place, value: comment === null ? value : { ...value, comment } }
}

/** The comment in `press: # until March`, with the list or record in the lines below. */
function commentBehindKey(reader: Reader, key: Node): string | null {
  const start = key.range?.[1] ?? 0
  const end = reader.text.indexOf('\n', start)
  const rest = reader.text.slice(start, end < 0 ? undefined : end)
  return /^\s*:(?:\s+&\S+)?\s+#\s*(\S.*?)\s*$/.exec(rest)?.[1] ?? null
}

/** The text of a key, also where YAML 1.1 reads it as another type, such as `no` or `010`. */
function keyText(key: Node): string {
  if (!isScalar(key)) return String(key)
  if (typeof key.value === 'string') return key.value
  return typeof key.value === 'symbol' ? '<<' : (key.source ?? String(key.value))
}

function mergedEntries(reader: Reader, entry: LocatedEntry): readonly LocatedEntry[] {
  const { value } = entry
  if (value.kind === 'map') return value.entries
  if (value.kind === 'list' && value.items.every((item) => item.kind === 'map')) {
    return value.items.flatMap((item) => item.entries)
  }
  reader.problems.error(entry.place, 'a merge key (<<) needs a mapping or a list of mappings')
  return []
}

function placeAt(reader: Reader, offset: number): Place {
  const { line, col } = reader.lines.linePos(offset)
  return { file: reader.file, line: line + reader.before, column: col }
}
