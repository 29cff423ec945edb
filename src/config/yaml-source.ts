// A YAML file with the line and column of every value. YAML 1.2; keys written twice are problems; aliases that grow without bound are rejected.

import { isMap, isNode, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, YAMLError } from 'yaml'
import { readFileText } from '../lib/program-files.ts'
import { dottedPath, type Path, type Problem } from './problem.ts'
import { repeatedKeys } from './repeated-keys.ts'

export interface YamlSource {
  readonly file: string
  readonly value: unknown
  /** Keys that are written twice. The file is invalid; its other values can still be checked. */
  readonly problems: readonly Problem[]
  /** The problem `path: finding`, at the value of the path or at its nearest parent in the file. */
  readonly at: (path: Path, finding: string) => Problem
  /** The same for a key of the map at `path`, at the position of the key instead of its value: for unknown keys. */
  readonly atKey: (path: Path, key: string, finding: string) => Problem
}

export type YamlLoad =
  | { readonly kind: 'ok'; readonly source: YamlSource }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

export type YamlFileLoad =
  | YamlLoad
  /** `reason` is the error of the operating system; the only problem says the same at 1:1. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly problems: readonly Problem[] }

/** Reads and parses a file. */
export function loadYaml(file: string): YamlFileLoad {
  let text: string
  try {
    text = readFileText(file)
  } catch (error) {
    const reason = (error as Error).message
    return {
      kind: 'unreadable',
      reason,
      problems: [{ file, line: 1, column: 1, message: `cannot be read: ${reason}` }],
    }
  }
  return parseYaml(file, text)
}

/** Parses text that came from `file`. */
export function parseYaml(file: string, text: string): YamlLoad {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false })
  const problems = document.errors.map((error) => syntaxProblem(file, lines, error))
  problems.push(
    ...unresolvedAliases(document).map(({ offset, message }) => invalid(file, lines.linePos(offset), message)),
  )
  const repeated = repeatedKeys(file, document, lines)
  if (problems.length > 0) return { kind: 'bad', problems: [...repeated, ...problems] }
  const value = plainValue(document)
  if (value === undefined) return { kind: 'bad', problems: [invalid(file, { line: 1, col: 1 }, CIRCULAR)] }
  const at = (path: Path, finding: string): Problem => ({
    file,
    ...position(document, lines, path),
    message: `${dottedPath(path)}: ${finding}`,
  })
  const atKey = (path: Path, key: string, finding: string): Problem => ({
    file,
    ...keyPosition(document, lines, path, key),
    message: `${dottedPath([...path, key])}: ${finding}`,
  })
  return { kind: 'ok', source: { file, value, problems: repeated, at, atKey } }
}

function syntaxProblem(file: string, lines: LineCounter, error: YAMLError): Problem {
  const sentence = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.message
  const message = error.code === 'MULTIPLE_DOCS' ? 'found a second document, expected one' : sentence
  return invalid(file, lines.linePos(error.pos[0]), message)
}

function invalid(file: string, { line, col }: { readonly line: number; readonly col: number }, what: string): Problem {
  return { file, line, column: col, message: `not valid YAML: ${what}` }
}

const CIRCULAR = 'found circular or multiplying aliases, expected a file without aliases'

/** Aliases without an anchor: usually a text without quotes, such as `*:25`. */
function unresolvedAliases(document: Document): { readonly offset: number; readonly message: string }[] {
  const unresolved: { readonly offset: number; readonly message: string }[] = []
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document)) return
      const message = `found *${alias.source}, an alias without an anchor, expected quotes around a text that begins with *`
      unresolved.push({ offset: alias.range?.[0] ?? 0, message })
    },
  })
  return unresolved
}

/** The document without YAML nodes; undefined if its aliases are circular or multiply. */
function plainValue(document: Document): unknown {
  try {
    const value = document.toJS() as unknown
    JSON.stringify(value)
    return value
  } catch {
    return undefined
  }
}

function position(document: Document, lines: LineCounter, path: Path): { line: number; column: number } {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return toPosition(lines, node.range[0])
  }
  return { line: 1, column: 1 }
}

function keyPosition(
  document: Document,
  lines: LineCounter,
  path: Path,
  key: string,
): { line: number; column: number } {
  const map = path.length === 0 ? document.contents : document.getIn(path, true)
  if (isMap(map)) {
    const pair = map.items.find((item) => isNode(item.key) && String(item.key) === key)
    if (pair && isNode(pair.key) && pair.key.range) return toPosition(lines, pair.key.range[0])
  }
  return position(document, lines, path)
}

function toPosition(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}
